import { type ReactNode, Suspense } from 'react';
import { Route, Router, Switch } from 'wouter';
import { SessionOf, useSessionState } from './data/session';
import { Empty, Loading } from './parts/basics';
import { laterPart } from './parts/laterPart';
import { Guard } from './shell/guard';
import { LoginPage } from './shell/login';
import { Banner, Shell } from './shell/shell';
import { TaskPage } from './task/taskPage';
import { TasksPage } from './tasks/tasksPage';
import { useWords } from './words';

const OverviewPage = laterPart(() => import('./pages/overview'));
const ObproxyPage = laterPart(() => import('./pages/obproxyClusters'));
const ObproxyClusterPage = laterPart(() => import('./pages/obproxyCluster'));
const OceanbasePage = laterPart(() => import('./pages/oceanbaseClusters'));
const HostsPage = laterPart(() => import('./pages/hosts'));
const PackagesPage = laterPart(() => import('./pages/packages'));
const UsersPage = laterPart(() => import('./pages/users'));
const KeysPage = laterPart(() => import('./pages/keys'));
const AuditPage = laterPart(() => import('./pages/audit'));

export function App() {
  const session = useSessionState();
  if (session.pending) {
    return (
      <>
        <Banner />
        <Loading />
      </>
    );
  }
  if (session.me === undefined) {
    return (
      <>
        <Banner />
        <LoginPage session={session} />
      </>
    );
  }
  return (
    <SessionOf me={session.me}>
      <Router base="/console">
        <Shell session={session}>
          <Guard>
            <Suspense fallback={<Loading />}>
              <Pages />
            </Suspense>
          </Guard>
        </Shell>
      </Router>
    </SessionOf>
  );
}

function Pages(): ReactNode {
  const say = useWords();
  return (
    <Switch>
      <Route path="/">
        <OverviewPage />
      </Route>
      <Route path="/tasks">
        <TasksPage />
      </Route>
      <Route path="/tasks/:id">{({ id }) => <TaskPage key={id} id={Number(id)} />}</Route>
      <Route path="/obproxy">
        <ObproxyPage />
      </Route>
      <Route path="/obproxy/:id">{({ id }) => <ObproxyClusterPage key={id} id={Number(id)} />}</Route>
      <Route path="/oceanbase">
        <OceanbasePage />
      </Route>
      <Route path="/oceanbase/:id">{({ id }) => <OceanbasePage key={id} only={Number(id)} />}</Route>
      <Route path="/hosts">
        <HostsPage />
      </Route>
      <Route path="/packages">
        <PackagesPage />
      </Route>
      <Route path="/users">
        <UsersPage />
      </Route>
      <Route path="/keys">
        <KeysPage />
      </Route>
      <Route path="/audit">
        <AuditPage />
      </Route>
      <Route>
        <Empty title={say('page.unknown')} />
      </Route>
    </Switch>
  );
}

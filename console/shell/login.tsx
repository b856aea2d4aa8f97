import { useState } from 'react';
import type { SessionState } from '../data/session';
import { Act, Trouble } from '../parts/basics';
import { TextField } from '../parts/field';
import { useWords } from '../words';
import { Mark } from './brand';
import { LanguageChoice } from './languageChoice';

export function LoginPage({ session }: { session: SessionState }) {
  const say = useWords();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  async function logIn() {
    setBusy(true);
    setError(undefined);
    try {
      await session.logIn(name, password);
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  }
  return (
    <div className="login">
      <main>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void logIn();
          }}
        >
          <div className="row">
            <span className="brand">
              <Mark /> {say('app.name')}
            </span>
            <LanguageChoice />
          </div>
          <div>
            <h1>{say('login.title')}</h1>
            <p className="quiet">{say('login.lead')}</p>
          </div>
          {session.ended === '' || error !== undefined ? null : (
            <div className="trouble" role="alert">
              <p>{say('login.ended', { why: session.ended })}</p>
            </div>
          )}
          {error === undefined ? null : <Trouble error={error} title={say('login.title')} />}
          <TextField
            label={say('login.name')}
            name="username"
            autoComplete="username"
            value={name}
            onChange={setName}
            required
          />
          <TextField
            label={say('login.password')}
            name="password"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
            required
          />
          <Act type="submit" kind="main" busy={busy}>
            {say('login.button')}
          </Act>
          <p className="quiet small">{say('login.firstPassword')}</p>
        </form>
      </main>
    </div>
  );
}

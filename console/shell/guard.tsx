import { Component, type ReactNode } from 'react';
import { Act, Empty } from '../parts/basics';
import { say } from '../words';

/** What cannot be shown says so: mostly a part of the page that a newer build has another name for. */
export class Guard extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state = { error: undefined as Error | undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty title={say('connection.newVersion')} lead={error.message}>
        <Act kind="main" onClick={() => location.reload()}>
          {say('connection.reload')}
        </Act>
      </Empty>
    );
  }
}

import { createHash } from 'node:crypto';
import { Client, type ConnectConfig } from 'ssh2';
import type { Fleet, TestHost } from '../../../sandbox/hosts/fleet';

export interface SshAnswer {
  readonly code: number | undefined;
  readonly stdout: string;
}

/** One command over a connection of its own, as any SSH client would; only the fleet's own host key is accepted. */
export function ssh(
  host: TestHost,
  login: Pick<ConnectConfig, 'username' | 'password' | 'privateKey'>,
  command: string,
): Promise<SshAnswer> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    // end() would wait for the answer of a host that may be off a moment later.
    client.on('error', (error) => {
      client.destroy();
      reject(error);
    });
    client.once('ready', () => {
      client.exec(command, (error, stream) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        let stdout = '';
        stream.stderr.resume();
        stream.on('data', (bytes: Buffer) => {
          stdout += bytes.toString();
        });
        stream.once('close', (code: number | undefined) => {
          client.destroy();
          resolve({ code, stdout: stdout.trim() });
        });
      });
    });
    client.connect({
      host: host.ip,
      port: host.sshPort,
      readyTimeout: 3000,
      hostVerifier: (key: Buffer) =>
        `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` === host.hostKey,
      ...login,
    });
  });
}

export function asRoot(fleet: Fleet, host: TestHost, command: string): Promise<SshAnswer> {
  return ssh(host, { username: 'root', privateKey: fleet.privateKey }, command);
}

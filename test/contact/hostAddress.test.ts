import { addressOf, secretsOf } from '../../contact/hostAddress';
import type { HostRow, OpenCredential } from '../../store/types';

const SECRET = 'database-password';

const login = (credential: Omit<OpenCredential, 'id' | 'name' | 'username'>) =>
  addressOf(
    {
      credentials: {
        open: async (id: number) => ({ id, name: 'c', username: 'root', ...credential }),
      } as never,
    },
    { id: 7, ip: '10.0.0.7', sshPort: 22, credentialId: 3, hostKey: null } as HostRow,
  );

test('the password of a database is never offered to an SSH server', async () => {
  const refused = login({ kind: 'DATABASE', secret: SECRET });
  await expect(refused).rejects.toMatchObject({ type: 'CredentialUnfit', code: 'CMP07016' });
  await expect(refused).rejects.not.toThrow(SECRET);
});

test('a key and its passphrase are secrets of the address, a password too', async () => {
  const byKey = await login({ kind: 'SSH_KEY', secret: 'the key', passphrase: 'its words' });
  expect(byKey).toMatchObject({
    hostId: 7,
    auth: { kind: 'key', privateKey: 'the key', passphrase: 'its words' },
  });
  expect(secretsOf(byKey)).toEqual(['the key', 'its words']);
  const byPassword = await login({ kind: 'SSH_PASSWORD', secret: SECRET });
  expect(byPassword.auth).toEqual({ kind: 'password', password: SECRET });
  expect(secretsOf(byPassword)).toEqual([SECRET]);
});

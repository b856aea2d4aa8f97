import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InventoryFileError, parseInventoryFile } from '../../cli/apply/inventoryFile';
import { repositoryRoot } from '../../runtime/paths';

function problemsOf(text: string): readonly string[] {
  try {
    parseInventoryFile(text, 'inventory.yaml');
  } catch (error) {
    if (error instanceof InventoryFileError) return error.problems;
    throw error;
  }
  return [];
}

describe('Inventory file', () => {
  it('of the documentation is valid', () => {
    const text = readFileSync(path.join(repositoryRoot(), 'docs/inventory.example.yaml'), 'utf8');
    const file = parseInventoryFile(text, 'inventory.example.yaml');
    expect(file.credentials.map(({ kind }) => kind)).toEqual([
      'SSH_KEY',
      'SSH_PASSWORD',
      'DATABASE',
      'DATABASE',
    ]);
    expect(file.hosts).toHaveLength(2);
    expect(file.obClusters[0]?.rootServers[1]).toEqual({ ip: '10.0.0.22', sqlPort: 2881, rpcPort: 2882 });
  });

  it('needs no more than an address and a credential for a host', () => {
    expect(parseInventoryFile('hosts: [{ ip: 10.0.0.1, credential: c }]', 'f').hosts[0]).toEqual({
      ip: '10.0.0.1',
      sshPort: 22,
      credential: 'c',
      idc: 'default',
      region: 'default',
    });
  });

  it('may be empty', () => {
    expect(parseInventoryFile('# nothing yet\n', 'f')).toEqual({
      credentials: [],
      hosts: [],
      obClusters: [],
    });
  });

  it('names file, line and field of every problem', () => {
    const problems = problemsOf(`credentials:
  - name: a
    kind: SSH_KEY
    username: root
hosts:
  - ip: 10.0.0.999
    credential: a
  - ip: 10.0.0.2
    sshPort: 0
    credential: a
    colour: red
`);
    expect(problems).toEqual([
      'inventory.yaml:2: credentials[0]: needs one of privateKeyFile, privateKeyEnv',
      'inventory.yaml:6: hosts[0].ip: must be an IP address',
      expect.stringMatching(/^inventory\.yaml:9: hosts\[1\]\.sshPort: /),
      'inventory.yaml:8: hosts[1]: unknown field colour',
    ]);
  });

  it('that is no YAML is refused with the line', () => {
    expect(problemsOf('hosts:\n  - ip: "10.0.0.1\n')[0]).toMatch(/^inventory\.yaml:\d+: /);
    expect(problemsOf('just text')[0]).toMatch(/^inventory\.yaml:1: /);
  });

  it('refuses two sources for one secret', () => {
    const problems = problemsOf(
      'credentials: [{ name: a, kind: DATABASE, username: u, passwordEnv: A, passwordFile: b }]',
    );
    expect(problems).toEqual([
      'inventory.yaml:1: credentials[0]: has passwordFile and passwordEnv; give only one of them',
    ]);
  });

  it('refuses an object declared twice', () => {
    expect(
      problemsOf('hosts:\n - { ip: 10.0.0.1, credential: c }\n - { ip: 10.0.0.1, credential: d }'),
    ).toEqual(['inventory.yaml:3: hosts[1]: 10.0.0.1:22 is declared twice']);
  });

  it('refuses a database credential for SSH and the reverse', () => {
    const text = `credentials: [{ name: db, kind: DATABASE, username: u, passwordEnv: A }]
hosts: [{ ip: 10.0.0.1, credential: db }]`;
    expect(problemsOf(text)).toEqual([
      'inventory.yaml:2: hosts[0].credential: credential "db" is DATABASE, needed is SSH_KEY or SSH_PASSWORD',
    ]);
  });
});

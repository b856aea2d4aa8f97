import type { NamedKind } from '../../operations/terminal';
import type { ApiClient } from '../apiClient';
import { credentialCalled, hostsCalled, hostTypeCalled, idcCalled } from '../host/inventory';
import { type ObClusterDocument, obClusterCalled, obServerCalled } from '../ob/inventory';
import { packageCalled } from '../package/inventory';
import { type ProxyClusterDocument, proxyCalled, proxyClusterCalled } from '../proxy/inventory';
import type { Name } from './values';

/** Asks the API what the names of one command mean, once for each. */
export class Names {
  /** Of the path: OBProxies are named within it. */
  #cluster: ProxyClusterDocument | undefined;
  #obCluster: ObClusterDocument | undefined;
  readonly #asked = new Map<string, Promise<number | string>>();

  constructor(private readonly api: ApiClient) {}

  /** The id, or of a package the file name where the API wants that. Throws Error for what is not there or ambiguous. */
  readonly ask = ({ kind, word, number }: Name): Promise<number | string> => {
    const key = `${kind} ${number} ${word}`;
    const asked = this.#asked.get(key) ?? this.#find(kind, word, number);
    this.#asked.set(key, asked);
    return asked;
  };

  async #find(kind: NamedKind, word: string, number: boolean): Promise<number | string> {
    const { api } = this;
    switch (kind) {
      case 'host': {
        const [host] = await hostsCalled(api, [word]);
        return host?.id ?? 0;
      }
      case 'obproxyCluster':
        this.#cluster = await proxyClusterCalled(api, word);
        return this.#cluster.id;
      case 'obproxy':
        if (this.#cluster !== undefined) return proxyCalled(this.#cluster, word).id;
        throw new Error(`${word}: an OBProxy is named within its cluster, and this call names none.`);
      case 'obCluster':
        this.#obCluster = await obClusterCalled(api, word);
        return this.#obCluster.id;
      case 'obServer':
        if (this.#obCluster !== undefined) return obServerCalled(this.#obCluster, word).id;
        throw new Error(`${word}: an OBServer is named within its cluster, and this call names none.`);
      case 'package': {
        const { id, fileName } = await packageCalled(api, word);
        return number ? id : fileName;
      }
      case 'credential':
        return (await credentialCalled(api, word)).id;
      case 'idc':
        return (await idcCalled(api, word)).id;
      case 'hostType':
        return (await hostTypeCalled(api, word)).id;
    }
  }
}

import { z } from 'zod';
import type { ObproxyStatus } from '../../store/types';
import { type ApiServices, bareRoute, type Route } from '../route';

const Targets = z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }));

/** These are silent because somebody wished so; one that is UNAVAILABLE stays a target, or no alert would see it. */
const SILENT_ON_PURPOSE: readonly ObproxyStatus[] = ['STOPPING', 'STOPPED', 'DELETING', 'MOVINGOUT'];

/** Targets for Prometheus' `http_sd_configs`, which wants a bare array. */
export function prometheusRoutes({ store }: ApiServices): Route[] {
  return [
    bareRoute(
      {
        method: 'GET',
        path: '/api/v2/prometheus/targets',
        permission: 'OBPROXY_VIEWER',
        tag: 'Monitoring',
        summary: 'Metrics targets of all OBProxies (Prometheus HTTP service discovery)',
        answers: { 200: { type: 'application/json', schema: Targets } },
      },
      async (_call, response) => {
        const exporters = await store.obproxy.listExporters();
        const watched = exporters.filter(({ status }) => !SILENT_ON_PURPOSE.includes(status));
        response.json(watched.map(({ target, labels }) => ({ targets: [target], labels })));
      },
    ),
  ];
}

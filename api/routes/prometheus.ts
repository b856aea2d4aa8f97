import { z } from 'zod';
import { type ApiServices, bareRoute, type Route } from '../route';

const Targets = z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }));

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
        response.json(exporters.map(({ target, labels }) => ({ targets: [target], labels })));
      },
    ),
  ];
}

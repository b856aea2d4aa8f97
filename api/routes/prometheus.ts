import { type ApiServices, bareRoute, type Route } from '../route';

/** Targets for Prometheus' `http_sd_configs`, which wants a bare array. */
export function prometheusRoutes({ inventory }: ApiServices): Route[] {
  return [
    bareRoute(
      {
        method: 'GET',
        path: '/api/v2/prometheus/targets',
        permission: 'OBPROXY_VIEWER',
        tag: 'Monitoring',
        summary: 'Metrics targets of all OBProxies (Prometheus HTTP service discovery)',
      },
      async (_call, response) => {
        const exporters = await inventory.obproxy.listExporters();
        response.json(exporters.map(({ target, labels }) => ({ targets: [target], labels })));
      },
    ),
  ];
}

/** /metrics in Prometheus' text form, as the prometheus-cpp exposer inside OBProxy serves it. */
import { createServer, type Server } from 'node:http';

export interface MetricsSource {
  /** odp_* lines appear only after a user's traffic and one sync; the seven of the exposer always (OBProxy 4.3.1, observed). */
  userTraffic(): boolean;
  sessions(): number;
}

function text(source: MetricsSource, scrapes: number): string {
  const lines = [
    '# HELP exposer_transferred_bytes_total Transferred bytes to metrics services',
    '# TYPE exposer_transferred_bytes_total counter',
    `exposer_transferred_bytes_total ${scrapes * 1024}`,
    '# HELP exposer_scrapes_total Number of times metrics were scraped',
    '# TYPE exposer_scrapes_total counter',
    `exposer_scrapes_total ${scrapes}`,
    '# HELP exposer_request_latencies Latencies of serving scrape requests, in microseconds',
    '# TYPE exposer_request_latencies summary',
    `exposer_request_latencies_count ${scrapes}`,
    `exposer_request_latencies_sum ${scrapes * 400}`,
    ...['0.5', '0.9', '0.99'].map(
      (quantile) => `exposer_request_latencies{quantile="${quantile}"} ${scrapes === 0 ? 'Nan' : 400}`,
    ),
  ];
  if (source.userTraffic())
    lines.push(
      '# HELP odp_current_session current sessions',
      '# TYPE odp_current_session gauge',
      `odp_current_session{cluster="",tenant="",logicTenant="",vip="",sessionType="client"} ${source.sessions()}`,
      '# HELP odp_sql_request_total requests',
      '# TYPE odp_sql_request_total counter',
      'odp_sql_request_total{cluster="",tenant="",sqlType="Select",sqlResult="failed"} 1',
    );
  return `${lines.join('\n')}\n`;
}

/**
 * Listens on 0.0.0.0 whatever the bound address of SQL is, without any login. When the port is taken the proxy goes on
 * without metrics and says nothing: undefined.
 */
export function serveMetrics(port: number, source: MetricsSource): Promise<Server | undefined> {
  let scrapes = 0;
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('Not Found');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text(source, scrapes++));
  });
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '0.0.0.0', () => resolve(server));
  });
}

import { createRequire } from 'node:module';
import path from 'node:path';
import type { Response } from 'express';
import { z } from 'zod';
import { fault } from '../../runtime/messages/catalogue';
import { repositoryRoot } from '../../runtime/paths';
import { obflowVersion } from '../../runtime/version';
import { sendJsonText } from '../http/compression';
import { openApiDocument } from '../openapi/document';
import { bareRoute, type Route } from '../route';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>obflow API</title>
<link rel="stylesheet" href="/api-docs/swagger-ui.css">
<link rel="icon" href="/api-docs/favicon-32x32.png">
</head>
<body>
<div id="api"></div>
<script src="/api-docs/swagger-ui-bundle.js"></script>
<script src="/api-docs/start.js"></script>
</body>
</html>
`;
/** Swagger UI sets styles in elements and draws images from data; nothing else comes from anywhere but here. */
const PAGE_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true });\n`;
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;

/** Swagger UI comes with the product: no page of it loads anything from elsewhere. */
function assetFolder(): string {
  const product = createRequire(path.join(repositoryRoot(), 'package.json'));
  return path.dirname(product.resolve('swagger-ui-dist/package.json'));
}

function sendAsset(response: Response, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.sendFile(name, { root: assetFolder() }, (error) =>
      error == null || response.headersSent ? resolve() : reject(error),
    );
  });
}

/** The OpenAPI document of all routes, and a page to read and try it. */
export function docsRoutes(others: readonly Route[]): Route[] {
  let made: Record<string, unknown> | undefined;
  const document = () => {
    made ??= openApiDocument([...others, ...own], obflowVersion());
    return made;
  };
  const tag = 'Documentation';
  const page = { method: 'GET', permission: 'AUTHENTICATED', tag } as const;
  const own: Route[] = [
    bareRoute(
      {
        ...page,
        path: '/openapi.json',
        summary: 'OpenAPI document',
        answers: {
          200: { type: 'application/json', schema: z.looseObject({ openapi: z.literal('3.1.0') }) },
        },
      },
      async (_call, response) => {
        await sendJsonText(response, JSON.stringify(document()));
      },
    ),
    bareRoute(
      {
        ...page,
        path: '/api-docs',
        summary: 'Documentation page',
        answers: { 200: { type: 'text/html', schema: z.string() } },
      },
      async (_call, response) => {
        response
          .set({
            'content-security-policy': PAGE_POLICY,
            'x-frame-options': 'DENY',
            'referrer-policy': 'no-referrer',
            'cross-origin-opener-policy': 'same-origin',
          })
          .type('html')
          .send(PAGE);
      },
    ),
    bareRoute(
      {
        ...page,
        path: '/api-docs/{file}',
        summary: 'Parts of the documentation page',
        params: z.object({
          file: z.enum([...ASSETS, 'start.js'], fault('must.docsFile')),
        }),
        answers: { 200: { type: '*/*' } },
      },
      async ({ params }, response) => {
        if (params.file === 'start.js') response.type('text/javascript').send(START);
        else await sendAsset(response, params.file);
      },
    ),
  ];
  return own;
}

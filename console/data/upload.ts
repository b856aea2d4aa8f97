import { ApiError, loggedOut, newKey, ownHeaders } from './client';

/**
 * Uploads one package. By XMLHttpRequest: fetch tells nothing of how much has gone.
 *
 * @param onSent what share of the file has been sent, 0 to 1
 */
export function uploadPackage(file: File, onSent: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/v2/software-packages');
    for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
    request.setRequestHeader('idempotency-key', newKey());
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onSent(total === 0 ? 1 : loaded / total),
    );
    request.addEventListener('error', () => reject(new ApiError(0, '', file.name)));
    request.addEventListener('load', () => {
      if (request.status === 200) return resolve();
      let error: { code?: string | number; message?: string } = {};
      try {
        error = (JSON.parse(request.responseText) as { error?: typeof error }).error ?? {};
      } catch {
        // Not the API's: the status has to say it.
      }
      const refusal = new ApiError(
        request.status,
        String(error.code ?? ''),
        error.message ?? `HTTP ${request.status} ${request.statusText}`,
      );
      if (request.status === 401) loggedOut(refusal.message);
      reject(refusal);
    });
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}

import { FinanceError } from '../errors';

/** GET of a JSON document on loopback. @throws SOURCE_UNAVAILABLE */
export async function getJson(url: string): Promise<unknown> {
  return await answer(url, await fetch(url));
}

/** POST of a JSON document on loopback. @throws SOURCE_UNAVAILABLE */
export async function postJson(url: string, body: unknown): Promise<unknown> {
  return await answer(
    url,
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

async function answer(url: string, response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok)
    throw new FinanceError('SOURCE_UNAVAILABLE', {
      message: `${url} answered ${response.status}: ${text.slice(0, 200)}`,
    });
  return JSON.parse(text) as unknown;
}

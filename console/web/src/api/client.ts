import { reactive } from 'vue';

/** What an answer that is no success says. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly details?: unknown,
  ) {
    super(message);
  }
}

const API = '/console/api/v1';
/** The editor keeps its login under the same name: who is logged in there is logged in here. */
const TOKENS = 'auth-tokens';

export const login = reactive({ token: storedToken() });

function storedToken(): string | undefined {
  try {
    const stored = JSON.parse(localStorage.getItem(TOKENS) ?? 'null') as { access_token?: string } | null;
    return stored?.access_token;
  } catch {
    return undefined;
  }
}

/** @throws ApiError where the name or the password is wrong */
export async function signIn(username: string, password: string): Promise<void> {
  const answer = await fetch('/auth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_id: 'node-red-admin',
      grant_type: 'password',
      scope: '',
      username,
      password,
    }),
  });
  if (!answer.ok) throw new ApiError(answer.status, 'API_UNAUTHORIZED', '');
  const tokens = (await answer.json()) as { access_token: string };
  localStorage.setItem(TOKENS, JSON.stringify(tokens));
  login.token = tokens.access_token;
}

export async function signOut(): Promise<void> {
  const { token } = login;
  forget();
  if (!token) return;
  await fetch('/auth/revoke', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
}

function forget(): void {
  localStorage.removeItem(TOKENS);
  login.token = undefined;
}

export type Query = Record<string, string | number | boolean | undefined>;

export function pathWith(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (login.token) headers.set('authorization', `Bearer ${login.token}`);
  const answer = await fetch(`${API}${path}`, { ...init, method, headers });
  if (answer.status === 401) forget();
  if (answer.ok) return answer;
  const { error } = (await answer.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string; hint?: string; details?: unknown };
  };
  throw new ApiError(
    answer.status,
    error?.code ?? `HTTP_${answer.status}`,
    error?.message ?? answer.statusText,
    error?.hint,
    error?.details,
  );
}

/** @throws ApiError */
export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const answer = await request('GET', pathWith(path, query), { signal });
  return (await answer.json()) as T;
}

/** One press of a button is one write, however often the network repeats it. @throws ApiError */
export async function post<T>(path: string, body: object, key: string = crypto.randomUUID()): Promise<T> {
  const answer = await request('POST', path, {
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as T;
}

/** The bytes of an answer, as a file of the user. @throws ApiError */
export async function download(path: string, name: string): Promise<void> {
  const answer = await request('GET', path);
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

/** Lines of a server-sent event stream; ends with the connection. @throws ApiError */
export async function* events(signal: AbortSignal): AsyncGenerator<unknown> {
  const answer = await request('GET', '/events', { signal, headers: { accept: 'text/event-stream' } });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = part
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trim())
        .join('\n');
      if (data) yield JSON.parse(data) as unknown;
    }
  }
}

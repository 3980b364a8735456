/** The API as a user of it sees it. */
export interface Client {
  user: string;
  token: string;
  get<Shape>(path: string): Promise<Shape>;
  post<Shape>(path: string, body: object): Promise<Shape>;
}

/** Logs a user in. @throws Error where an answer is no success */
export async function clientOf(url: string, username: string, password: string): Promise<Client> {
  const login = await fetch(`${url}/auth/token`, {
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
  if (!login.ok) throw new Error(`login of ${username}: ${login.status}`);
  const { access_token: token } = (await login.json()) as { access_token: string };
  const ask = async <Shape>(path: string, init: RequestInit, headers: object = {}): Promise<Shape> => {
    const answer = await fetch(`${url}/console/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    });
    if (!answer.ok) throw new Error(`${init.method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Shape;
  };
  return {
    user: username,
    token,
    get: (path) => ask(path, { method: 'GET' }),
    post: (path, body) =>
      ask(path, { method: 'POST', body: JSON.stringify(body) }, { 'idempotency-key': crypto.randomUUID() }),
  };
}

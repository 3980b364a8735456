import { FinanceError } from '../../errors';
import { badAnswer } from './faults';
import type { HttpChannel } from './http';
import type { Protocol } from './protocols/protocol';

/**
 * The uid of the integration user: asked for once a secret (`authenticate` costs twenty times a read) and shared by
 * all calls that wait for it.
 */
export class Login {
  readonly #who: { database: string; login: string };
  readonly #channel: HttpChannel;
  #known?: { secret: string; uid: Promise<number> };

  constructor(who: { database: string; login: string }, channel: HttpChannel) {
    this.#who = who;
    this.#channel = channel;
  }

  /**
   * @returns nothing where the protocol needs no uid
   * @throws FinanceError ODOO_UNAUTHORIZED when the login is refused
   */
  async uid(protocol: Protocol, secret: string): Promise<number | undefined> {
    if (!protocol.login) return undefined;
    // a call with a new key must not fail with the login that one with the old key is waiting for
    if (this.#known?.secret === secret) return this.#known.uid;
    const known = { secret, uid: this.#authenticate(protocol.login, secret) };
    this.#known = known;
    known.uid.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return known.uid;
  }

  /** After a refusal: the user may be another by now. A login with another secret stays. */
  forget(secret: string): void {
    if (this.#known?.secret === secret) this.#known = undefined;
  }

  async #authenticate(login: NonNullable<Protocol['login']>, secret: string): Promise<number> {
    const request = login.write(this.#who.database, this.#who.login, secret);
    const uid = await login.read(await this.#channel.send(request, false));
    if (Number.isInteger(uid) && Number(uid) > 0) return Number(uid);
    if (uid === false || uid === null)
      throw new FinanceError('ODOO_UNAUTHORIZED', {
        message: `Odoo refuses the login "${this.#who.login}".`,
      });
    throw badAnswer('authenticate gave no uid');
  }
}

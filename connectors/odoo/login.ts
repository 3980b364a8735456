import { FinanceError } from '../../errors';
import { badAnswer } from './faults';
import type { HttpChannel } from './http';
import type { Protocol } from './protocols/protocol';

/**
 * The uid of the integration user: asked for once (`authenticate` costs twenty times a read) and shared by all calls
 * that wait for it.
 */
export class Login {
  readonly #who: { database: string; login: string };
  readonly #channel: HttpChannel;
  #uid?: Promise<number>;

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
    if (this.#uid) return this.#uid;
    const asked = this.#authenticate(protocol.login, secret);
    this.#uid = asked;
    asked.catch(() => {
      if (this.#uid === asked) this.#uid = undefined;
    });
    return asked;
  }

  forget(): void {
    this.#uid = undefined;
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

import { setTimeout as delay } from 'node:timers/promises';
import type { Message, RedApi } from '../kit/red';

/** Node-RED's message hooks, in so far as they are used here; `add` takes `event.label`. */
interface Hooks {
  add(event: string, hook: (event: HookEvent) => void): void;
  remove(event: string): void;
}

interface HookEvent {
  msg?: Message;
  destination?: { node?: { _expectedDoneCount?: number } };
}

/** Nodes written before Node-RED 1.0 do not say when they are done, so nobody can wait for them. */
const tellsWhenDone = ({ destination }: HookEvent): boolean => destination?.node?._expectedDoneCount !== 0;

/** A node that says nothing for so long holds the next page up no longer, in milliseconds. */
const QUIET_MS = 10_000;
const LOOK_MS = 5;

/**
 * Follows messages through the flow behind a node: each delivery counts one up, each node that is done with it one
 * down. So the sender can wait until nobody works on a message any more.
 */
export class Downstream {
  private readonly hooks?: Hooks;
  private readonly label: string;
  private following?: string;
  private pending = 0;
  private changed = 0;

  constructor(RED: RedApi) {
    this.hooks = (RED as RedApi & { hooks?: Hooks }).hooks;
    this.label = `ledgerway-${RED.util.generateId()}`;
    this.hooks?.add(`preDeliver.${this.label}`, (event) => {
      if (tellsWhenDone(event)) this.count(event, 1);
    });
    this.hooks?.add(`onComplete.${this.label}`, (event) => this.count(event, -1));
  }

  /** Sends a message, and waits until all that it reached is done with it. */
  async passed(msg: Message, send: (msg: Message) => void): Promise<void> {
    this.following = msg._msgid;
    this.pending = 0;
    this.changed = performance.now();
    send(msg);
    while (this.pending > 0 && performance.now() < this.changed + QUIET_MS) await delay(LOOK_MS);
  }

  close(): void {
    this.hooks?.remove(`*.${this.label}`);
  }

  private count({ msg }: HookEvent, by: number): void {
    if (msg?._msgid === undefined || msg._msgid !== this.following) return;
    this.pending += by;
    this.changed = performance.now();
  }
}

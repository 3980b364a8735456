import type { FlowNode, NodeStatus } from './red';

/** A status is sent to every open editor: more often than this nobody can read it. */
const QUIET_MS = 200;

/** The line below a node. What comes in quick succession is told once, the last of it always. */
export class StatusLine {
  private next?: NodeStatus;
  private timer?: NodeJS.Timeout;

  constructor(private readonly node: FlowNode) {}

  show(status: NodeStatus): void {
    this.next = status;
    if (this.timer) return;
    this.flush();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.next) this.show(this.next);
    }, QUIET_MS);
    this.timer.unref();
  }

  ok(text: string): void {
    this.show({ fill: 'green', shape: 'dot', text });
  }

  busy(text: string): void {
    this.show({ fill: 'blue', shape: 'ring', text });
  }

  fail(text: string): void {
    this.show({ fill: 'red', shape: 'dot', text });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.next = undefined;
  }

  private flush(): void {
    if (this.next) this.node.status(this.next);
    this.next = undefined;
  }
}

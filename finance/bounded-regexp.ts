import vm from 'node:vm';

/** Without repetition a pattern is done in one pass. */
const REPEATS = /[*+{]/;
const MILLISECONDS = 100;
const context = vm.createContext({ match: (): RegExpExecArray | null => null });
const run = new vm.Script('match()');

/**
 * A RegExp that gives up: a pattern with nested repetition would otherwise hold the event loop for hours, and only
 * a vm time-out interrupts the regular expression engine.
 */
export class BoundedRegExp extends RegExp {
  override exec(text: string): RegExpExecArray | null {
    if (!REPEATS.test(this.source)) return super.exec(text);
    context.match = () => super.exec(text);
    return run.runInContext(context, { timeout: MILLISECONDS }) as RegExpExecArray | null;
  }
}

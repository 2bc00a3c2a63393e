/** What is found of a text, in the order in which it is known: what the text says, then its estimates, then what takes searches. */
import { type Plan, TECHNIQUE_SLOTS } from '../../src/plan/types';
import { lintsOn } from './lints';
import { pricesOf } from './prices';
import type { Problem } from './problems';
import { type Answers, answerSteps, unanswered } from './questions';
import { breathe, idle, taking } from './schedule';
import { contains } from './span';
import { verdictSteps, verdictsOn } from './verdicts';
import type { View, Workspace } from './workspace';

/** What is known of a view by now: searches come after the rest. */
export interface Found {
  problems: readonly Problem[];
  answers: ReadonlyMap<string, Answers>;
}

/** Who is told, and when. */
export interface Listener {
  problems(view: View, problems: readonly Problem[]): void;
  /** The estimates of a text are known. */
  estimated(view: View): void;
  /** Its questions are answered. */
  answered(found: ReadonlyMap<string, Answers>): void;
}

export class Findings {
  /** Where each document was edited last. */
  private readonly edited = new Map<string, number>();
  /** What was found of the newest text that was looked at. */
  private readonly latest = new Map<string, Found & { view: View }>();

  constructor(
    private readonly workspace: Workspace,
    private readonly tell: Listener,
  ) {}

  editedAt(uri: string, offset: number): void {
    this.edited.set(uri, offset);
  }

  forget(uri: string): void {
    this.latest.delete(uri);
    this.edited.delete(uri);
  }

  /** What is known by now; what the estimates say at once, where the view was not looked at yet. */
  of(view: View): Found {
    const known = this.latest.get(view.analysis.uri);
    if (known?.view === view) return known;
    const { problems, plans } = view.analysis;
    const verdicts = plans.flatMap((plan) => verdictsOn(view.analysis, plan, this.workspace.cache));
    return { problems: [...problems, ...verdicts], answers: new Map() };
  }

  /**
   * First what the text alone says and the estimates, plan by plan; then, once nobody types, what takes trials and searches. Nothing is
   * told of a version that is gone.
   */
  async look(view: View, isCurrent: () => boolean): Promise<void> {
    const { analysis } = view;
    const { cache } = this.workspace;
    const problems: Problem[] = [...analysis.problems];
    for (const plan of analysis.plans) {
      await breathe();
      if (!isCurrent()) return;
      problems.push(...verdictsOn(analysis, plan, cache));
    }
    this.latest.set(analysis.uri, { view, problems, answers: new Map() });
    this.tell.problems(view, problems);
    this.tell.estimated(view);
    await idle();
    if (!isCurrent()) return;
    const found = new Map<string, Answers>();
    const all: Problem[] = [...analysis.problems];
    for (const plan of analysis.plans) {
      await idle();
      if (!isCurrent()) return;
      const verdicts = await taking(verdictSteps(analysis, plan, cache), isCurrent);
      const answers = verdicts && (await taking(answerSteps(analysis, plan, cache), isCurrent));
      const lints = answers && (await taking(lintsOn(analysis, plan, cache), isCurrent));
      if (!verdicts || !answers || !lints) return;
      found.set(plan.name, answers);
      all.push(...verdicts, ...unanswered(answers), ...lints);
    }
    this.latest.set(analysis.uri, { view, problems: all, answers: found });
    this.tell.answered(found);
    if (JSON.stringify(all) !== JSON.stringify(problems)) this.tell.problems(view, all);
    await taking(this.pricesAhead(view), isCurrent);
  }

  /** Prices in the plan that was edited last: whoever goes on there finds a list of techniques ranked at once. */
  private *pricesAhead({ analysis }: View): Generator<unknown, void> {
    const at = this.edited.get(analysis.uri);
    const plan = at === undefined ? undefined : analysis.plans.find(({ whole }) => contains(whole, at))?.draft;
    for (const slot of plan ? TECHNIQUE_SLOTS : []) yield* pricesOf(plan as Plan, slot, this.workspace.cache);
  }
}

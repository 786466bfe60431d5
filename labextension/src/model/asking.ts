/** What an approval says: who wants what, and what became of it. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Answers, IApproval, IDecision, IQuestion } from '../api/types';

/** "Claude Code wants to run a command". */
export function wants(
  trans: TranslationBundle,
  approval: IApproval,
  agent: string
): string {
  if (approval.asks === 'question') {
    return trans.__('%1 has a question', agent);
  }
  if (approval.asks === 'plan') {
    return trans.__('%1 proposes a plan', agent);
  }
  return wantsTool(trans, approval.tool, agent);
}

function wantsTool(
  trans: TranslationBundle,
  tool: string,
  agent: string
): string {
  switch (tool) {
    case 'execute':
      return trans.__('%1 wants to run a command', agent);
    case 'edit':
      return trans.__('%1 wants to change a file', agent);
    case 'delete':
      return trans.__('%1 wants to delete something', agent);
    case 'move':
      return trans.__('%1 wants to move something', agent);
    case 'read':
    case 'search':
      return trans.__('%1 wants to read', agent);
    case 'fetch':
      return trans.__('%1 wants to fetch something', agent);
    default:
      return trans.__('%1 wants to use a tool', agent);
  }
}

/** How an approval stands, in words that tell the reason. */
export function outcome(trans: TranslationBundle, approval: IApproval): string {
  const { state, decision } = approval;
  switch (state) {
    case 'open':
      return trans.__('Waiting for you');
    case 'expired':
      return trans.__('Expired: the run ended before it was answered');
    case 'withdrawn':
      return trans.__('No longer needed');
    case 'allowed':
      return allowed(trans, approval, decision);
    case 'denied':
      return denied(trans, approval, decision?.reason ?? '');
  }
}

function allowed(
  trans: TranslationBundle,
  { asks }: IApproval,
  decision: IDecision | null
): string {
  if (asks === 'question') {
    const given = Object.values(decision?.answers ?? {}).flat();
    return trans.__('Answered: %1', given.join(', '));
  }
  if (asks === 'plan') {
    return trans.__('To be carried out');
  }
  if (decision?.decision === 'allow_task') {
    return trans.__('Allowed for this task');
  }
  return decision?.input
    ? trans.__('Allowed with your change')
    : trans.__('Allowed');
}

function denied(
  trans: TranslationBundle,
  { asks }: IApproval,
  reason: string
): string {
  const word = {
    tool: trans.__('Denied'),
    question: trans.__('Skipped'),
    plan: trans.__('Not carried out')
  }[asks];
  return reason ? trans.__('%1: %2', word, reason) : word;
}

/** The command that would run, where the tool takes one. */
export function commandOf(input: unknown): string | null {
  if (typeof input === 'string') {
    return input;
  }
  const command = isRecord(input) ? input.command : undefined;
  return typeof command === 'string' ? command : null;
}

/** The plan that an agent proposes. */
export function planOf(input: unknown): string {
  const plan = isRecord(input) ? input.plan : undefined;
  return typeof plan === 'string' ? plan : '';
}

/** The whole input as text; empty where `commandOf` is all of it, or there is none. */
export function restOf(input: unknown): string {
  if (input === null || input === undefined || typeof input === 'string') {
    return '';
  }
  const fields = isRecord(input) ? Object.keys(input) : [];
  const told =
    isRecord(input) &&
    (fields.length === 0 || (fields.length === 1 && commandOf(input) !== null));
  return told ? '' : JSON.stringify(input, null, 2);
}

/** What an input has beside a command and the agent's own words for it. */
export function beside(input: unknown): unknown {
  return isRecord(input)
    ? Object.fromEntries(
        Object.entries(input).filter(
          ([name]) => name !== 'command' && name !== 'description'
        )
      )
    : null;
}

/** What a person edits: one text of the input, or all of it as JSON. */
export interface IEditable {
  /** Null: the whole input. */
  field: string | null;
  text: string;
}

/** Fields that hold the one thing that a person would want to change. */
const MAIN_FIELDS = ['command', 'content', 'new_string'];

export function editableOf(input: unknown): IEditable {
  const record = isRecord(input) ? input : {};
  const texts = Object.keys(record).filter(
    name => typeof record[name] === 'string'
  );
  const only = Object.keys(record).length === 1 ? texts[0] : undefined;
  const field = MAIN_FIELDS.find(name => texts.includes(name)) ?? only ?? null;
  return {
    field,
    text: field ? String(record[field]) : JSON.stringify(input ?? {}, null, 2)
  };
}

/** The input with the edited text in its place; throws where that is no JSON object. */
export function edited(
  input: unknown,
  field: string | null,
  text: string
): Record<string, unknown> {
  if (field !== null) {
    return { ...(isRecord(input) ? input : {}), [field]: text };
  }
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) {
    throw new SyntaxError('{…}');
  }
  return value;
}

/** The answers by question, once every question has one; null before. */
export function answersOf(
  questions: readonly IQuestion[],
  given: Readonly<Record<string, readonly string[]>>
): Answers | null {
  const answers: Answers = {};
  for (const { question, multiple } of questions) {
    const texts = (given[question] ?? []).filter(text => text.trim());
    if (texts.length === 0) {
      return null;
    }
    answers[question] = multiple ? [...texts] : (texts[0] ?? '');
  }
  return answers;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

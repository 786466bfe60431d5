import type { IApproval } from '../src/api/types';

/** An open approval of a command. */
export function approval(fields: Partial<IApproval> = {}): IApproval {
  return {
    id: '70.1',
    task_id: 1,
    turn_id: 7,
    attempt_id: 70,
    device_id: 'd',
    agent: 'practice',
    practice: true,
    task_title: 'task 1',
    asks: 'tool',
    title: 'ls',
    tool: 'execute',
    tool_item: null,
    workspace: '/srv/churn',
    input: { command: 'ls' },
    diffs: [],
    scope: 'this very command',
    editable: true,
    questions: [],
    state: 'open',
    decision: null,
    created_at: '2026-11-23T08:00:00Z',
    decided_at: null,
    ...fields
  };
}

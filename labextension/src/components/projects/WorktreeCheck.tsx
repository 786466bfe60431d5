import * as React from 'react';

import { useTrans } from '../face';

/** Asks for a Git worktree of the task's own. */
export function WorktreeCheck(props: {
  checked: boolean;
  /** Why there can be none; empty where there can. */
  reason: string;
  onChange: (checked: boolean) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { checked, reason, onChange } = props;
  const help = trans.__(
    'The task gets a Git worktree of its own, made from the last commit: it changes nothing in the folder itself, and uncommitted changes stay out of it.'
  );
  return (
    <label
      className="wegent-Check"
      data-disabled={reason !== ''}
      title={reason || help}
    >
      <input
        type="checkbox"
        aria-label={trans.__('worktree')}
        checked={checked && !reason}
        disabled={reason !== ''}
        onChange={event => onChange(event.target.checked)}
      />
      {trans.__('worktree')}
    </label>
  );
}

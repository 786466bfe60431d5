import * as React from 'react';

import type { IApproval } from '../api/types';
import { Commands } from '../commands';
import { ApprovalCard } from './approval/ApprovalCard';
import { useFace } from './face';
import { useSettled, useValue } from './hooks';
import { List } from './List';

/** Everything that waits for a person, whatever task it belongs to, oldest first. */
export function NeedsYou(): React.ReactElement {
  const { gateway } = useFace();
  const approvals = useValue(gateway.approvals);
  const settled = useSettled(approvals[0]?.id ?? '');
  return (
    <List>
      {approvals.map(approval => (
        <Need key={approval.id} approval={approval} moved={!settled} />
      ))}
    </List>
  );
}

const Need = React.memo(function Need(props: {
  approval: IApproval;
  moved: boolean;
}) {
  const { trans, commands } = useFace();
  const { approval } = props;
  return (
    <li className="wegent-Need">
      <button
        type="button"
        className="wegent-NeedTask"
        title={trans.__('Show the task %1', approval.task_title)}
        onClick={() =>
          void commands.execute(Commands.openTask, { id: approval.task_id })
        }
      >
        {approval.task_title || trans.__('Task %1', approval.task_id)}
      </button>
      <ApprovalCard approval={approval} moved={props.moved} narrow />
    </li>
  );
});

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IApproval, IDecision } from '../../api/types';
import { useTrans } from '../face';
import { PushButton } from '../PushButton';
import type { Form } from './ApprovalCard';
import { Edit } from './Edit';
import { Reason } from './Reason';

interface IChoicesProps {
  approval: IApproval;
  busy: boolean;
  decide: (decision: IDecision) => void;
  form: Form;
  setForm: (form: Form) => void;
}

/** Allow, deny and what lies between. */
export function Choices(props: IChoicesProps): React.ReactElement {
  const trans = useTrans();
  const { approval, busy, decide, form, setForm } = props;
  const words = wordsOf(trans, approval);
  const { scope } = approval;
  if (form === 'deny') {
    return (
      <Reason
        busy={busy}
        label={words.why}
        send={words.denied}
        onSend={reason =>
          decide(reason ? { decision: 'deny', reason } : { decision: 'deny' })
        }
        onCancel={() => setForm(null)}
      />
    );
  }
  if (form === 'edit') {
    return (
      <Edit
        approval={approval}
        busy={busy}
        onSend={input => decide({ decision: 'allow', input })}
        onCancel={() => setForm(null)}
      />
    );
  }
  return (
    <>
      <div className="wegent-Buttons">
        <PushButton
          accent
          text={words.allow}
          title={trans.__('%1 (Enter on the card)', words.allow)}
          disabled={busy}
          onClick={() => decide({ decision: 'allow' })}
        />
        <PushButton
          text={words.deny}
          title={trans.__('Deny with a reason (Esc on the card: without)')}
          disabled={busy}
          onClick={() => setForm('deny')}
        />
        {approval.editable && approval.asks === 'tool' && (
          <PushButton
            text={trans.__('Edit…')}
            title={trans.__('Change it before it is done')}
            disabled={busy}
            onClick={() => setForm('edit')}
          />
        )}
        {scope !== null && (
          <PushButton
            text={trans.__('Allow for this task')}
            title={trans.__('Allow %1 until the task ends', scope)}
            disabled={busy}
            onClick={() => decide({ decision: 'allow_task' })}
          />
        )}
      </div>
      {scope !== null && (
        <div className="wegent-Hint wegent-Small">
          {trans.__('For this task: %1', scope)}
        </div>
      )}
    </>
  );
}

function wordsOf(
  trans: TranslationBundle,
  { asks }: IApproval
): Record<'allow' | 'deny' | 'denied' | 'why', string> {
  return asks === 'plan'
    ? {
        allow: trans.__('Carry out the plan'),
        deny: trans.__('Keep planning…'),
        denied: trans.__('Keep planning'),
        why: trans.__('What should be different? (optional)')
      }
    : {
        allow: trans.__('Allow once'),
        deny: trans.__('Deny…'),
        denied: trans.__('Deny'),
        why: trans.__('Reason for the agent (optional)')
      };
}

import * as React from 'react';

import type { IApproval, IDiff } from '../../api/types';
import { isOpen } from '../../model/approvals';
import { commandOf, planOf, restOf } from '../../model/asking';
import { unhidden } from '../../model/text';
import { DiffView } from '../DiffView';
import { Disclosure } from '../Disclosure';
import { useTrans } from '../face';
import { Rendered } from '../Rendered';

/** What exactly is asked for. Nothing is left out: long texts scroll. */
export function ApprovalBody(props: {
  approval: IApproval;
  narrow?: boolean;
}): React.ReactElement | null {
  const { approval } = props;
  switch (approval.asks) {
    case 'question':
      return isOpen(approval) ? null : <Answered approval={approval} />;
    case 'plan':
      return <Plan approval={approval} narrow={props.narrow} />;
    case 'tool':
      return <Tool approval={approval} narrow={props.narrow} />;
  }
}

/** What was asked, and what was answered. */
function Answered(props: { approval: IApproval }): React.ReactElement {
  const { questions, decision } = props.approval;
  return (
    <dl className="wegent-Answered">
      {questions.map(({ question }) => (
        <React.Fragment key={question}>
          <dt>{question}</dt>
          <dd>{[decision?.answers?.[question] ?? '–'].flat().join(', ')}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

function Plan(props: {
  approval: IApproval;
  narrow?: boolean;
}): React.ReactElement {
  const text = planOf(props.approval.input) || props.approval.title;
  return (
    <div className="wegent-ApprovalPlan" tabIndex={0}>
      {props.narrow ? (
        <pre className="wegent-Plain">{text}</pre>
      ) : (
        <Rendered mimeType="text/markdown" text={text} />
      )}
    </div>
  );
}

function Tool(props: {
  approval: IApproval;
  narrow?: boolean;
}): React.ReactElement {
  const trans = useTrans();
  const { title, input, diffs } = props.approval;
  const given = props.approval.decision?.input ?? input;
  const command = commandOf(given);
  const rest = restOf(given);
  const shown = command !== null || diffs.length > 0;
  return (
    <>
      {title && title !== command && (
        <div className="wegent-ApprovalWhat">{unhidden(title)}</div>
      )}
      {command !== null && (
        <pre className="wegent-Box" tabIndex={0}>
          $ {unhidden(command)}
        </pre>
      )}
      {props.narrow && diffs.length > 0 ? (
        <Disclosure open={false} summary={trans.__('Show the change')}>
          <Changes diffs={diffs} />
          {rest && <Input text={rest} />}
        </Disclosure>
      ) : (
        <>
          <Changes diffs={diffs} />
          {rest && (
            <Disclosure open={!shown} summary={trans.__('Full input')}>
              <Input text={rest} />
            </Disclosure>
          )}
        </>
      )}
    </>
  );
}

function Input(props: { text: string }): React.ReactElement {
  return (
    <pre className="wegent-Box" tabIndex={0}>
      {unhidden(props.text)}
    </pre>
  );
}

function Changes(props: { diffs: readonly IDiff[] }): React.ReactElement {
  return (
    <>
      {props.diffs.map((diff, at) => (
        <DiffView key={at} diff={diff} />
      ))}
    </>
  );
}

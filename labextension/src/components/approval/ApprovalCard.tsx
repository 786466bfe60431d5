import * as React from 'react';

import { ApiError } from '../../api/caller';
import type { IApproval, IDecision } from '../../api/types';
import { failedIcon, doneIcon, stoppedIcon, warnIcon } from '../../icons';
import { isOpen } from '../../model/approvals';
import { outcome, wants } from '../../model/asking';
import { useFace } from '../face';
import { Disclosure } from '../Disclosure';
import { useAction, useAgentName, useSettled } from '../hooks';
import { PracticeBand } from '../PracticeBand';
import { Thrown } from '../Problem';
import { ApprovalBody } from './ApprovalBody';
import { Choices } from './Choices';
import { Questions } from './Questions';
import { Where } from './Where';

/** What the gateway says of an approval that is no longer open. */
const SETTLED = ['already_decided', 'expired', 'withdrawn'];

/** What opens below the buttons of a card. */
export type Form = 'deny' | 'edit' | null;

/** Something that an agent asks of a person; one line once it is decided. */
export const ApprovalCard = React.memo(function ApprovalCard(props: {
  approval: IApproval;
  /** In the sidebar, where there is little room. */
  narrow?: boolean;
  /** It has just moved: what is clicked now was meant for another. */
  moved?: boolean;
}) {
  const { trans } = useFace();
  const { approval, sending, problem, decide } = useDecision(props.approval);
  const settled = useSettled(approval.id);
  const busy = sending || !settled || props.moved === true;
  const [form, setForm] = React.useState<Form>(null);
  const agent = useAgentName(approval.device_id, approval.agent);
  const open = isOpen(approval);
  const root = useKeptFocus(open);
  const title = wants(trans, approval, agent);
  return (
    <section
      ref={root}
      role="group"
      className="wegent-Approval"
      tabIndex={open ? 0 : -1}
      aria-label={trans.__('%1: %2', title, approval.title)}
      aria-keyshortcuts={open ? 'Enter Escape' : undefined}
      data-approval-id={approval.id}
      data-state={approval.state}
      onKeyDown={event => {
        const decision = open && !busy && !form ? keyed(event, approval) : null;
        if (decision) {
          event.preventDefault();
          event.stopPropagation();
          decide(decision);
        }
      }}
    >
      {open ? (
        <>
          <div className="wegent-ApprovalTitle">
            <warnIcon.react tag="span" className="wegent-Mark" aria-hidden />
            {title}
          </div>
          {approval.practice && <PracticeBand />}
          <ApprovalBody approval={approval} narrow={props.narrow} />
          <Where approval={approval} narrow={props.narrow} />
          {approval.asks === 'question' ? (
            <Questions {...{ approval, busy, decide }} />
          ) : (
            <Choices {...{ approval, busy, decide, form, setForm }} />
          )}
          <Thrown error={problem} />
        </>
      ) : (
        <Decided approval={approval} />
      )}
    </section>
  );
});

/** What a key means for the card itself; nothing where it is meant for something in it. */
function keyed(
  event: React.KeyboardEvent,
  { asks }: IApproval
): IDecision | null {
  if (event.target !== event.currentTarget || event.repeat) {
    return null;
  }
  if (event.key === 'Escape') {
    return { decision: 'deny' };
  }
  return event.key === 'Enter' && asks !== 'question'
    ? { decision: 'allow' }
    : null;
}

/** An approval as it is known here, and how to answer it once. */
function useDecision(given: IApproval): {
  approval: IApproval;
  sending: boolean;
  problem: Error | null;
  decide: (decision: IDecision) => void;
} {
  const { gateway } = useFace();
  const { busy, problem, run } = useAction();
  const [answered, setAnswered] = React.useState<IApproval | null>(null);
  const [late, setLate] = React.useState(false);
  const decide = (decision: IDecision): void =>
    run(async () => {
      try {
        setAnswered(await gateway.decide(given.id, decision));
      } catch (error) {
        if (!(error instanceof ApiError && SETTLED.includes(error.code))) {
          throw error;
        }
        setLate(true); // who was first is on its way
      }
    });
  const approval = isOpen(given) && answered ? answered : given;
  return { approval, sending: busy || late, problem, decide };
}

/** Keep the focus on the card when the button that had it goes away. */
function useKeptFocus(open: boolean): React.RefObject<HTMLElement> {
  const root = React.useRef<HTMLElement>(null);
  const within = React.useRef(false);
  const was = React.useRef(open);
  React.useEffect(() => {
    const node = root.current;
    const note = (): void => {
      within.current = node?.contains(document.activeElement) === true;
    };
    // Only what happens in the page counts: a node that is removed tells nothing in all browsers.
    document.addEventListener('focusin', note);
    return () => document.removeEventListener('focusin', note);
  }, []);
  React.useLayoutEffect(() => {
    if (was.current && !open && within.current) {
      root.current?.focus();
    }
    was.current = open;
  }, [open]);
  return root;
}

const DECIDED_ICONS = {
  allowed: doneIcon,
  denied: failedIcon,
  expired: stoppedIcon,
  withdrawn: stoppedIcon
};

function Decided(props: { approval: IApproval }): React.ReactElement {
  const { trans } = useFace();
  const { approval } = props;
  const Mark =
    approval.state === 'open' ? warnIcon : DECIDED_ICONS[approval.state];
  return (
    <Disclosure
      open={false}
      summary={
        <>
          <Mark.react tag="span" className="wegent-Mark" aria-hidden />
          <span className="wegent-Title" title={approval.title}>
            {approval.title}
          </span>
          <span className="wegent-Outcome">{outcome(trans, approval)}</span>
        </>
      }
    >
      <ApprovalBody approval={approval} />
      <Where approval={approval} />
    </Disclosure>
  );
}

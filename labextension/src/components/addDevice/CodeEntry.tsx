import * as React from 'react';

import type { IJoinRequest } from '../../api/access';
import { asCode, isWhole } from '../../model/joining';
import { useFace } from '../face';
import { useAction } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import type { Awaited } from './AddDevice';
import { Asking } from './Asking';

/** Takes the code that a machine shows, says who asks, and takes the answer. */
export function CodeEntry(props: {
  onApproved: (awaited: Awaited | null) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const [code, setCode] = React.useState('');
  const [asking, setAsking] = React.useState<IJoinRequest | null>(null);
  const { busy, problem, run } = useAction();
  const label = trans.__('Code of the machine');
  // What stands in the field now: answers may come in another order than the questions.
  const current = React.useRef(code);
  const show = (request: IJoinRequest): void => {
    if (request.user_code === current.current) {
      setAsking(request);
    }
  };
  const look = (whole: string): void => {
    if (isWhole(whole)) {
      run(async () => {
        try {
          show(await gateway.access.joinRequest(whole));
        } catch (error) {
          if (whole === current.current) {
            throw error;
          }
        }
      });
    }
  };
  const field = React.useRef<HTMLInputElement>(null);
  const answer = ({ user_code }: IJoinRequest, approve: boolean): void =>
    run(async () => {
      const answered = await gateway.access.answerJoin(user_code, approve);
      show(answered);
      // The buttons go away, and the focus would go with them.
      field.current?.focus();
      props.onApproved(approve ? answered : null);
    });
  return (
    <>
      <form
        className="wegent-Row"
        onSubmit={event => {
          event.preventDefault();
          look(code);
        }}
      >
        <input
          ref={field}
          type="text"
          className="wegent-Field wegent-Code"
          aria-label={label}
          placeholder="ABCD-EFGH"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          value={code}
          onChange={event => {
            const typed = asCode(event.target.value);
            current.current = typed;
            setCode(typed);
            setAsking(null);
            look(typed);
          }}
        />
        <PushButton
          submit
          text={trans.__('Who is it?')}
          disabled={busy || !isWhole(code)}
        />
      </form>
      {asking && (
        <Asking
          key={asking.user_code}
          asking={asking}
          onAnswer={approve => {
            if (!busy) {
              answer(asking, approve);
            }
          }}
        />
      )}
      <Thrown error={problem} />
    </>
  );
}

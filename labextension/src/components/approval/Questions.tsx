import * as React from 'react';

import type { IApproval, IDecision, IQuestion } from '../../api/types';
import { answersOf } from '../../model/asking';
import { useTrans } from '../face';
import { PushButton } from '../PushButton';

/** The agent's own questions: one of these, some of these, or any text. */
export function Questions(props: {
  approval: IApproval;
  busy: boolean;
  decide: (decision: IDecision) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { approval, busy, decide } = props;
  const [given, give] = React.useState<Record<string, string[]>>({});
  const answers = answersOf(approval.questions, given);
  return (
    <form
      className="wegent-Form"
      onSubmit={event => {
        event.preventDefault();
        if (answers && !busy) {
          decide({ decision: 'allow', answers });
        }
      }}
    >
      {approval.questions.map(question => (
        <Question
          key={question.question}
          question={question}
          given={given[question.question] ?? []}
          onGive={texts => give({ ...given, [question.question]: texts })}
        />
      ))}
      <div className="wegent-Buttons">
        <PushButton
          submit
          accent
          text={trans.__('Answer')}
          disabled={busy || !answers}
        />
        <PushButton
          text={trans.__('Skip')}
          title={trans.__('Go on without an answer (Esc on the card)')}
          disabled={busy}
          onClick={() => decide({ decision: 'deny' })}
        />
      </div>
    </form>
  );
}

interface IQuestionProps {
  question: IQuestion;
  given: readonly string[];
  onGive: (texts: string[]) => void;
}

function Question(props: IQuestionProps): React.ReactElement {
  const { question, header, options } = props.question;
  return (
    <fieldset className="wegent-Question">
      <legend>
        {header && <span className="wegent-Label">{header}</span>}
        {question}
      </legend>
      {options.length > 0 ? (
        <Options {...props} />
      ) : (
        <input
          type="text"
          className="wegent-Field"
          aria-label={question}
          value={props.given[0] ?? ''}
          onChange={event => props.onGive([event.target.value])}
        />
      )}
    </fieldset>
  );
}

function Options(props: IQuestionProps): React.ReactElement {
  const trans = useTrans();
  const { question, given, onGive } = props;
  const labels = question.options.map(option => option.label);
  const chosen = given.filter(one => labels.includes(one));
  const name = React.useId();
  const toggled = (label: string, on: boolean): string[] => {
    const rest = given.filter(one => one !== label);
    return on ? [...rest, label] : rest;
  };
  return (
    <>
      {question.options.map(({ label, description }) => (
        <label key={label} className="wegent-Option">
          <input
            type={question.multiple ? 'checkbox' : 'radio'}
            name={name}
            checked={given.includes(label)}
            onChange={event =>
              onGive(
                question.multiple
                  ? toggled(label, event.target.checked)
                  : [label]
              )
            }
          />
          <span>
            {label}
            {description && (
              <span className="wegent-Hint wegent-Small">{description}</span>
            )}
          </span>
        </label>
      ))}
      {question.free && (
        <input
          type="text"
          className="wegent-Field"
          aria-label={trans.__('Something else: %1', question.question)}
          placeholder={trans.__('Something else…')}
          value={given.find(one => !labels.includes(one)) ?? ''}
          onChange={({ target }) =>
            onGive([
              ...(question.multiple ? chosen : []),
              ...(target.value ? [target.value] : [])
            ])
          }
        />
      )}
    </>
  );
}

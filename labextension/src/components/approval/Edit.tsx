import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IApproval } from '../../api/types';
import { editableOf, edited } from '../../model/asking';
import { useTrans } from '../face';
import { PushButton } from '../PushButton';

/** Lines that the field shows at most. */
const LINES = 12;

/** Change what the tool gets: its main text, or all of its input as JSON. */
export function Edit(props: {
  approval: IApproval;
  busy: boolean;
  onSend: (input: Record<string, unknown>) => void;
  onCancel: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { input } = props.approval;
  const [{ field, text: original }] = React.useState(() => editableOf(input));
  const [text, setText] = React.useState(original);
  const [wrong, setWrong] = React.useState<string | null>(null);
  const area = React.useRef<HTMLTextAreaElement>(null);
  const id = React.useId();
  React.useEffect(() => area.current?.focus(), []);
  return (
    <form
      className="wegent-Form"
      onSubmit={event => {
        event.preventDefault();
        try {
          props.onSend(edited(input, field, text));
        } catch (error) {
          setWrong(parseError(trans, error));
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onCancel();
        }
      }}
    >
      <label className="wegent-Small" htmlFor={`${id}-text`}>
        {labelOf(trans, field)}
      </label>
      <textarea
        ref={area}
        id={`${id}-text`}
        className="wegent-Field wegent-mod-code"
        aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : id}
        spellCheck={false}
        rows={Math.min(LINES, text.split('\n').length + 1)}
        value={text}
        onChange={event => {
          setText(event.target.value);
          setWrong(null);
        }}
      />
      {wrong !== null && (
        <div id={id} className="wegent-Wrong" role="alert">
          {wrong}
        </div>
      )}
      <div className="wegent-Buttons">
        <PushButton
          submit
          accent
          text={trans.__('Allow once with this change')}
          disabled={props.busy || text === original}
        />
        <PushButton text={trans.__('Cancel')} onClick={props.onCancel} />
      </div>
    </form>
  );
}

function labelOf(trans: TranslationBundle, field: string | null): string {
  return field === null
    ? trans.__('The whole input, as JSON')
    : trans.__('The new %1', field);
}

function parseError(trans: TranslationBundle, error: unknown): string {
  return trans.__(
    'This is not a JSON object: %1',
    error instanceof Error ? error.message : String(error)
  );
}

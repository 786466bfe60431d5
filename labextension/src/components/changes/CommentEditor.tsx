import * as React from 'react';

import type { ILinePlace } from '../../model/comments';
import { useTrans } from '../face';
import { useAction } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { CommentingContext } from './context';

/** Says something about a line: to the agent at once, or with the next message. */
export function CommentEditor(props: {
  place: ILinePlace;
  /** Gives what was sent at once; null for nothing. */
  onDone: (said: string | null) => void;
}): React.ReactElement {
  const trans = useTrans();
  const commenting = React.useContext(CommentingContext);
  const { place, onDone } = props;
  const [text, setText] = React.useState('');
  const { busy, problem, run } = useAction();
  const area = React.useRef<HTMLTextAreaElement>(null);
  React.useEffect(() => area.current?.focus(), []);
  const ready = text.trim() !== '' && !busy;
  const send = (): void => {
    if (ready && commenting) {
      run(async () => {
        await commenting.send(place, text);
        onDone(text);
      });
    }
  };
  return (
    <form
      className="wegent-Form wegent-Comment"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Escape' && text.trim() === '') {
          onDone(null);
        } else if (
          event.key === 'Enter' &&
          (event.ctrlKey || event.metaKey) &&
          !event.nativeEvent.isComposing
        ) {
          event.preventDefault();
          send();
        }
      }}
    >
      <textarea
        ref={area}
        className="wegent-Field"
        rows={2}
        aria-label={trans.__('Comment')}
        placeholder={trans.__('What should be different here?')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <div className="wegent-Buttons">
        <PushButton
          submit
          accent
          text={trans.__('Send to the agent')}
          title={trans.__('As the next message, now')}
          disabled={!ready}
        />
        <PushButton
          text={trans.__('Add to the reply')}
          title={trans.__('Collect it, and send it with the next message')}
          disabled={!ready}
          onClick={() => {
            commenting?.keep(place, text);
            onDone(null);
          }}
        />
        <PushButton text={trans.__('Cancel')} onClick={() => onDone(null)} />
      </div>
      <Thrown error={problem} />
    </form>
  );
}

import * as React from 'react';

import { sendIcon } from '../icons';
import { useTrans } from './face';
import { useAction } from './hooks';
import { IconButton } from './IconButton';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';

/** Height to which the text grows before it scrolls, in px. */
const MAX_HEIGHT = 240;

interface IMessageBoxProps {
  label: string;
  placeholder: string;
  /** Why nothing can be sent now; null when it can. */
  blocked?: string | null;
  send: (text: string) => Promise<void>;
  /** What the Send button is called, where that is not "Send". */
  sendWord?: string;
  /** Another way to send, with Ctrl or Cmd and Enter. */
  other?: {
    word: string;
    title: string;
    send: (text: string) => Promise<void>;
  };
  /** Choices between the text and the last row. */
  children?: React.ReactNode;
  /** Shares the last row with the Send button. */
  footer?: React.ReactNode;
}

/** A text to write and send: Enter sends, Shift+Enter starts a new line. The text stays until it was taken. */
export function MessageBox(props: IMessageBoxProps): React.ReactElement {
  const trans = useTrans();
  const [text, setText] = React.useState('');
  const { busy, problem, run } = useAction();
  const area = React.useRef<HTMLTextAreaElement>(null);
  const { other } = props;
  const word = props.sendWord ?? trans.__('Send');
  const ready = text.trim() !== '' && !busy && !props.blocked;

  React.useLayoutEffect(() => grow(area.current), [text]);

  // Where the widget was activated before this was rendered, its focus belongs here.
  React.useEffect(() => {
    const widget = area.current?.closest('.lm-Widget');
    if (widget && widget === document.activeElement) {
      area.current?.focus();
    }
  }, []);

  const send = (how: (text: string) => Promise<void> = props.send): void => {
    if (ready) {
      run(async () => {
        await how(text);
        setText('');
      });
    }
  };

  return (
    <form
      className="wegent-MessageBox"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        rows={2}
        aria-label={props.label}
        placeholder={props.placeholder}
        title={trans.__('Enter sends, Shift+Enter starts a new line')}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (isSend(event)) {
            event.preventDefault();
            send(event.ctrlKey || event.metaKey ? other?.send : undefined);
          }
        }}
      />
      {props.children}
      <div className="wegent-Row">
        {props.footer}
        {other && (
          <PushButton
            text={other.word}
            title={other.title}
            disabled={!ready}
            onClick={() => send(other.send)}
          />
        )}
        <IconButton
          submit
          accent
          icon={sendIcon}
          label={word}
          text={props.sendWord}
          title={props.blocked ?? trans.__('%1 (Enter)', word)}
          disabled={!ready}
        />
      </div>
      <Thrown error={problem} />
    </form>
  );
}

function isSend(event: React.KeyboardEvent): boolean {
  return (
    event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing
  );
}

function grow(area: HTMLTextAreaElement | null): void {
  if (area) {
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight + 2, MAX_HEIGHT)}px`;
  }
}

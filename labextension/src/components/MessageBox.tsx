import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPlace } from '../api/fileRest';
import type { IContextItem } from '../api/context';
import { sendIcon } from '../icons';
import type { ISkillPlace } from '../model/skillSearch';
import { notSendable } from '../model/uploads';
import { AttachButton } from './attachments/AttachButton';
import { Chips } from './attachments/Chips';
import { useUploads } from './attachments/useUploads';
import type { ICompleter } from './completion/completer';
import { useCompletion } from './completion/useCompletion';
import { useFileCompleter } from './completion/files';
import { useSkillCompleter } from './completion/skills';
import { useTrans } from './face';
import { useAction } from './hooks';
import { IconButton } from './IconButton';
import { Thrown } from './Problem';
import { PushButton } from './PushButton';
import { PendingChips } from './sent/PendingChips';
import { usePending } from './sent/usePending';

/** Height to which the text grows before it scrolls, in px. */
const MAX_HEIGHT = 240;

type Send = (
  text: string,
  attachments: number[],
  context: readonly IContextItem[]
) => Promise<void>;

interface IMessageBoxProps {
  label: string;
  placeholder: string;
  /** Why nothing can be sent now; null when it can. */
  blocked?: string | null;
  send: Send;
  /** What the Send button is called, where that is not "Send". */
  sendWord?: string;
  /** Another way to send, for text alone, with Ctrl or Cmd and Enter. */
  other?: {
    word: string;
    title: string;
    send: (text: string) => Promise<void>;
  };
  /** The workspace whose files `@` completes. */
  files?: IPlace | null;
  /** The agent whose skills `/` completes, and where. */
  skills?: ISkillPlace | null;
  /** What is sent with the text, which may stay empty then. */
  above?: React.ReactNode;
  /** Choices between the text and the last row. */
  children?: React.ReactNode;
  /** Shares the last row with the Send button. */
  footer?: React.ReactNode;
}

/** A text to write and send: Enter sends, Shift+Enter starts a new line. The text and its files stay until they were taken. */
export function MessageBox(props: IMessageBoxProps): React.ReactElement {
  const trans = useTrans();
  const [text, setText] = React.useState('');
  const { busy, problem, run } = useAction();
  const { pending, items, suggest } = usePending(setText);
  const { uploads, list, add, refused, over, box } = useUploads({
    pending,
    suggest
  });
  const area = React.useRef<HTMLTextAreaElement>(null);
  const { other, above, files = null, skills = null } = props;
  const completers = [useFileCompleter(files), useSkillCompleter(skills)];
  const completion = useCompletion({
    area,
    completers,
    text,
    onText: setText
  });
  const word = props.sendWord ?? trans.__('Send');
  const blocked =
    props.blocked ??
    notSendable(trans, list) ??
    (text.trim() || above ? null : nothingSaid(trans, list, items));
  const ready = (text.trim() !== '' || !!above) && !busy && !blocked;
  const more = list.length > 0 || items.length > 0 || !!above;

  React.useLayoutEffect(() => grow(area.current), [text]);

  // Where the widget was activated before this was rendered, its focus belongs here.
  React.useEffect(() => {
    const widget = area.current?.closest('.lm-Widget');
    if (widget && widget === document.activeElement) {
      area.current?.focus();
    }
  }, []);

  const send = (how: Send = props.send): void => {
    if (ready) {
      run(async () => {
        const ids = uploads.ids;
        await how(text, ids, items);
        uploads.sent(ids);
        pending.remove(items);
        // What was typed meanwhile stays.
        setText(now => (now.startsWith(text) ? now.slice(text.length) : now));
      });
    }
  };
  const sendOther = (): void => send(more ? undefined : other?.send);

  return (
    <form
      {...box}
      className="wegent-MessageBox"
      data-over={over}
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      {above}
      <textarea
        {...completion.area}
        ref={area}
        rows={2}
        aria-label={props.label}
        placeholder={props.placeholder}
        title={help(trans, completers)}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (!completion.onKey(event) && isSend(event)) {
            event.preventDefault();
            if (event.ctrlKey || event.metaKey) {
              sendOther();
            } else {
              send();
            }
          }
        }}
      />
      {completion.popup}
      <PendingChips items={items} onRemove={one => pending.remove([one])} />
      <Chips uploads={uploads} list={list} />
      {props.children}
      <div className="wegent-Row">
        <AttachButton onFiles={chosen => add(() => chosen)} />
        {props.footer}
        {other && (
          <PushButton
            text={other.word}
            title={
              more
                ? trans.__('Files, cells and comments go with the next message')
                : other.title
            }
            disabled={!ready || more}
            onClick={sendOther}
          />
        )}
        <IconButton
          submit
          accent
          icon={sendIcon}
          label={word}
          text={props.sendWord}
          title={blocked ?? trans.__('%1 (Enter)', word)}
          disabled={!ready}
        />
      </div>
      <Thrown error={refused} />
      <Thrown error={problem} />
    </form>
  );
}

function help(
  trans: TranslationBundle,
  [files, skills]: readonly ICompleter[]
): string {
  return [
    trans.__('Enter sends, Shift+Enter starts a new line'),
    files?.enabled ? trans.__('@ completes files') : '',
    skills?.enabled ? trans.__('/ completes skills') : ''
  ]
    .filter(Boolean)
    .join('\n');
}

/** Why a message without text cannot be sent, where that is not plain to see. */
function nothingSaid(
  trans: TranslationBundle,
  files: readonly unknown[],
  items: readonly unknown[]
): string | null {
  if (items.length > 0) {
    return trans.__('Write what you want to know or have done');
  }
  return files.length > 0 ? trans.__('Write what to do with the files') : null;
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

import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { unhidden } from '../model/text';
import { useTrans } from './face';
import { IconButton } from './IconButton';

/** How long it says that it copied, in ms. */
const SAID = 2_000;

/** A text to take elsewhere, such as a command. */
export function CopyLine(props: { text: string }): React.ReactElement {
  const trans = useTrans();
  const [copied, setCopied] = React.useState(0);
  React.useEffect(() => {
    const timer = setTimeout(() => setCopied(0), SAID);
    return () => clearTimeout(timer);
  }, [copied]);
  const word = copied ? trans.__('Copied') : trans.__('Copy');
  return (
    <span className="wegent-Fix">
      <code>{unhidden(props.text)}</code>
      <IconButton
        icon={copied ? checkIcon : copyIcon}
        label={word}
        onClick={() => {
          Clipboard.copyToSystem(props.text);
          setCopied(copied + 1);
        }}
      />
    </span>
  );
}

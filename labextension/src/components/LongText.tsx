import * as React from 'react';

import { size, tail } from '../model/text';
import { useTrans } from './face';
import { Rendered } from './Rendered';

/** Text through a mime renderer; of a very long one only the end, until the user asks for all. */
export function LongText(props: {
  text: string;
  mimeType: string;
  /** Characters shown without being asked. */
  limit: number;
  /** What renders a text above the limit, where `mimeType` makes no sense of a part. */
  longMimeType?: string;
  /** All of the text is in the element, through `mimeType`; must stay the same function. */
  onPainted?: (text: string, host: HTMLElement) => void;
}): React.ReactElement {
  const trans = useTrans();
  const { text, mimeType, limit } = props;
  const [all, setAll] = React.useState(false);
  if (text.length <= limit) {
    return (
      <Rendered mimeType={mimeType} text={text} onPainted={props.onPainted} />
    );
  }
  return (
    <>
      {!all && (
        <button
          type="button"
          className="wegent-Button wegent-mod-bordered"
          onClick={() => setAll(true)}
        >
          {trans.__('Show all (%1)', size(text.length))}
        </button>
      )}
      <Rendered
        mimeType={props.longMimeType ?? mimeType}
        text={all ? text : tail(text, limit)}
      />
    </>
  );
}

import { fileIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** What an image shows, and a sheet of paper for everything else. */
export function Thumbnail(props: {
  /** Where it is, or the file itself. */
  url: string | Blob;
  type: string;
}): React.ReactElement {
  const { url, type } = props;
  const [broken, setBroken] = React.useState(false);
  const image = React.useRef<HTMLImageElement>(null);
  React.useEffect(() => {
    if (!image.current) {
      return;
    }
    const made = typeof url === 'string' ? url : URL.createObjectURL(url);
    image.current.src = made;
    return () => {
      if (made !== url) {
        URL.revokeObjectURL(made);
      }
    };
  }, [url]);
  return type.startsWith('image/') && !broken ? (
    <img
      ref={image}
      className="wegent-Thumbnail"
      alt=""
      onError={() => setBroken(true)}
    />
  ) : (
    <fileIcon.react tag="span" className="wegent-Kind" aria-hidden />
  );
}

import * as React from 'react';

import type { ISentCell } from '../../model/notebooks';

/** The cell that the message is about whose answer is shown. */
export const SentCellContext = React.createContext<ISentCell | null>(null);

import './base.css';
import './approval.css';
import './side.css';
import './devices.css';
import './task.css';
import './terminal.css';
import './changes.css';
import './projects.css';

import './base.css';
import './approval.css';
import './side.css';
import './task.css';

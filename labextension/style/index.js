import './base.css';
import './side.css';
import './task.css';

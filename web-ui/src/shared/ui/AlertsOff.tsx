// Said where people would otherwise believe that they will be told.
import { Link } from "react-router";
import { useViewer } from "../api/getViewer";
import { Icon } from "./Icon";
import styles from "./ui.module.css";

export function AlertsOff() {
  const viewer = useViewer().data;
  if (!viewer || viewer.mailConfigured) return null;
  return (
    <p className={styles.strip} role="note">
      <Icon name="mail" size={14} />
      <span>
        Alerts are off: no mail server is set. <Link to="/alerts">Set it up</Link>
      </span>
    </p>
  );
}

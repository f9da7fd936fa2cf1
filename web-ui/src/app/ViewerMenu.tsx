// Who is signed in, how the page looks, and the way out. Fetched when it is opened.
import MuiMenu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useNavigate } from "react-router";
import { useViewer } from "@/shared/api/getViewer";
import { postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { failureOf } from "@/shared/format/failure";
import { memberName } from "@/shared/format/issue";
import { useNotices } from "@/shared/state/notices";
import { type SchemePreference, usePreferences } from "@/shared/state/preferences";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { landmark, MenuHead } from "@/shared/ui/Menu";

const schemes: readonly (readonly [SchemePreference, string, IconName])[] = [
  ["system", "As the system", "settings"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

function useSignOut(): () => Promise<void> {
  const navigate = useNavigate();
  const notices = useNotices();
  const signOut = async () => {
    try {
      await postJson("/auth/sign-out", {});
      queryClient.clear();
      notices.clear();
      await navigate("/sign-in");
    } catch (cause) {
      const { reason, id } = failureOf(cause);
      notices.fail(`Not signed out: ${reason}.`, { topic: "sign-out", errorId: id, retry: () => void signOut() });
    }
  };
  return signOut;
}

export function ViewerMenu({ anchor, close }: { anchor: HTMLElement | null; close: () => void }) {
  const viewer = useViewer().data;
  const { scheme, setScheme } = usePreferences();
  const signOut = useSignOut();
  return (
    <MuiMenu container={landmark} anchorEl={anchor} open={anchor !== null} onClose={close}>
      {viewer?.viewer && (
        <MenuHead>
          <b>{memberName(viewer.viewer)}</b>
          {viewer.organization}
        </MenuHead>
      )}
      {schemes.map(([value, text, icon]) => (
        <MenuItem key={value} selected={value === scheme} onClick={() => (setScheme(value), close())}>
          <Icon name={icon} />
          {text}
        </MenuItem>
      ))}
      <MenuItem
        onClick={() => (close(), void signOut())}
        sx={{
          marginTop: "5px",
          "&::before": {
            content: '""',
            position: "absolute",
            left: 0,
            right: 0,
            top: "-3px",
            borderTop: "1px solid var(--line)",
          },
        }}
      >
        <Icon name="signOut" />
        Sign out
      </MenuItem>
    </MuiMenu>
  );
}

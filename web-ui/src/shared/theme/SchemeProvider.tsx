// Applies the chosen scheme: custom properties on the root, the MUI theme within.
import CssBaseline from "@mui/material/CssBaseline";
import GlobalStyles from "@mui/material/GlobalStyles";
import { ThemeProvider } from "@mui/material/styles";
import { type ReactNode, useEffect, useMemo, useSyncExternalStore } from "react";
import { usePreferences } from "@/shared/state/preferences";
import { themeOf } from "./theme";
import { customProperties, dark, light } from "./tokens";

const media = () => window.matchMedia("(prefers-color-scheme: dark)");

function useSystemDark(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = media();
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => media().matches,
  );
}

export function SchemeProvider({ children }: { children: ReactNode }) {
  const preference = usePreferences((state) => state.scheme);
  const systemDark = useSystemDark();
  const mode = preference === "system" ? (systemDark ? "dark" : "light") : preference;
  const scheme = mode === "dark" ? dark : light;
  const theme = useMemo(() => themeOf(scheme, mode), [scheme, mode]);
  useEffect(() => {
    document.documentElement.style.colorScheme = mode;
  }, [mode]);
  return (
    <ThemeProvider theme={theme}>
      <CssBaseline />
      <GlobalStyles styles={{ ":root": customProperties(scheme) }} />
      {children}
    </ThemeProvider>
  );
}

// The MUI theme of a scheme: small controls, no shadows without meaning, no
// ripple, the tokens' colours.
import { createTheme, type Theme } from "@mui/material/styles";
import { radius, type as type_, type Scheme } from "./tokens";

export function themeOf(scheme: Scheme, mode: "light" | "dark"): Theme {
  return createTheme({
    palette: {
      mode,
      primary: { main: scheme.accent, contrastText: scheme.onAccent },
      error: { main: scheme.danger },
      background: { default: scheme.paper, paper: scheme.sheet },
      text: { primary: scheme.ink, secondary: scheme.inkSoft },
      divider: scheme.line,
    },
    spacing: 4,
    shape: { borderRadius: radius.medium },
    typography: {
      fontFamily: type_.sans,
      fontSize: type_.body,
      htmlFontSize: 16,
      body1: { fontSize: type_.body, lineHeight: "20px" },
      button: { textTransform: "none", fontWeight: 500, letterSpacing: 0 },
    },
    components: {
      MuiButtonBase: { defaultProps: { disableRipple: true } },
      MuiButton: {
        defaultProps: { size: "small", disableElevation: true },
        styleOverrides: {
          root: {
            fontSize: type_.body,
            lineHeight: "20px",
            padding: "4px 12px",
            minWidth: 0,
            "&:focus-visible": { outline: `2px solid ${scheme.accent}`, outlineOffset: 1 },
          },
          outlined: {
            padding: "3px 11px",
            color: scheme.ink,
            borderColor: scheme.edge,
            background: scheme.sheet,
            "&:hover": { background: scheme.wash, borderColor: scheme.edge },
          },
          text: { color: scheme.inkSoft, "&:hover": { background: scheme.washStrong, color: scheme.ink } },
        },
      },
      MuiIconButton: {
        styleOverrides: {
          root: {
            borderRadius: radius.medium,
            padding: 6,
            color: scheme.inkSoft,
            "&:hover": { background: scheme.washStrong, color: scheme.ink },
            "&:focus-visible": { outline: `2px solid ${scheme.accent}`, outlineOffset: -2 },
          },
        },
      },
      MuiPaper: { styleOverrides: { root: { backgroundImage: "none" } } },
      MuiMenu: {
        styleOverrides: {
          paper: {
            boxShadow: scheme.shadow,
            border: `1px solid ${scheme.line}`,
            borderRadius: 8,
            marginTop: 4,
            maxHeight: 420,
            "&:focus-visible": { outline: "none" },
          },
          list: { padding: 4, "&:focus-visible": { outline: "none" } },
        },
      },
      MuiPopover: { styleOverrides: { paper: { boxShadow: scheme.shadow, border: `1px solid ${scheme.line}` } } },
      MuiMenuItem: {
        defaultProps: { dense: true },
        styleOverrides: {
          root: {
            fontSize: type_.body,
            minHeight: 30,
            gap: 8,
            borderRadius: radius.small,
            padding: "4px 10px",
            "&.Mui-selected, &.Mui-selected:hover": { background: scheme.accentWash, color: scheme.accentInk },
            "&.Mui-focusVisible": { background: scheme.washStrong },
          },
        },
      },
      // The panel takes the focus for its keys; the ring is for what can be pressed.
      MuiDialog: {
        styleOverrides: {
          paper: {
            "&:focus-visible": { outline: "none" },
            boxShadow: scheme.shadow,
            borderRadius: radius.large,
            backgroundImage: "none",
          },
        },
      },
      MuiCheckbox: {
        defaultProps: { size: "small" },
        styleOverrides: {
          root: { padding: 4, color: scheme.edge, "&.Mui-focusVisible": { outline: `2px solid ${scheme.accent}` } },
        },
      },
      MuiSnackbarContent: {
        styleOverrides: {
          root: {
            background: scheme.ink,
            color: scheme.paper,
            fontSize: type_.body,
            borderRadius: 8,
            padding: "4px 8px 4px 16px",
            minWidth: 0,
          },
        },
      },
      MuiSkeleton: {
        defaultProps: { animation: "wave" },
        styleOverrides: { root: { background: scheme.washStrong, transform: "none" } },
      },
    },
  });
}

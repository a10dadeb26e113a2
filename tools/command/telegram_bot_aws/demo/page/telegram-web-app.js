// In place of Telegram's script of this name, where telegram.org can't be reached: what most pages use of it
// (https://core.telegram.org/bots/webapps#initializing-mini-apps). The rest does nothing, and the demo lists it.

(() => {
  const [given = ""] = /tgWebApp\w+=.*/s.exec(location.hash) ?? [];
  if (given) sessionStorage.telegramWebApp = given; // a page may change its fragment, and load again
  const launch = new URLSearchParams(given || sessionStorage.telegramWebApp || "");
  const json = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  const tell = (eventType, eventData = {}) => {
    if (parent !== window) parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
  };

  // Events: those of the client, and by which names pages listen to them.
  const listeners = new Map();
  const onEvent = (name, act) => {
    listeners.set(name, (listeners.get(name) ?? new Set()).add(act));
  };
  const offEvent = (name, act) => {
    listeners.get(name)?.delete(act);
  };
  const emit = (name, data) => {
    for (const act of [...(listeners.get(name) ?? [])]) act.call(app, data);
  };
  const waiting = []; // callbacks, each with the event that it waits for
  const answered = (event, act) => waiting.push([event, act]);
  addEventListener("message", ({ source, data }) => {
    if (source !== parent) return;
    const { eventType: event, eventData = {} } = json(data) ?? {};
    if (event === "theme_changed") setTheme(eventData.theme_params);
    if (event === "viewport_changed") {
      app.viewportHeight = app.viewportStableHeight = eventData.height;
      app.isExpanded = eventData.is_expanded;
      emit("viewportChanged", { isStateStable: eventData.is_state_stable });
    }
    if (PRESSED[event]) emit(PRESSED[event]);
    const at = waiting.findIndex(([name]) => name === event);
    if (at >= 0) waiting.splice(at, 1)[0][1](eventData);
  });
  const PRESSED = {
    back_button_pressed: "backButtonClicked",
    main_button_pressed: "mainButtonClicked",
    secondary_button_pressed: "secondaryButtonClicked",
    settings_button_pressed: "settingsButtonClicked",
    theme_changed: "themeChanged",
  };

  function setTheme(theme = {}) {
    const [r, g, b] = [1, 3, 5].map((at) =>
      parseInt((theme.bg_color ?? "#ffffff").slice(at, at + 2), 16),
    );
    app.themeParams = theme;
    app.colorScheme = 0.299 * r + 0.587 * g + 0.114 * b < 120 ? "dark" : "light";
    for (const [name, colour] of Object.entries(theme))
      document.documentElement.style.setProperty(`--tg-theme-${name.replaceAll("_", "-")}`, colour);
    document.documentElement.style.setProperty("--tg-color-scheme", app.colorScheme);
  }

  // A button of the client. Each change is told with all that the button is.
  function clientButton(kind, first) {
    const self = { isVisible: false, ...first };
    const set = (change) => {
      Object.assign(self, change);
      tell(`web_app_setup_${kind}_button`, {
        is_visible: self.isVisible,
        is_active: self.isActive,
        is_progress_visible: self.isProgressVisible,
        text: self.text,
        color: self.color,
        text_color: self.textColor,
        position: self.position,
      });
      return self;
    };
    const named = { is_visible: "isVisible", is_active: "isActive", text_color: "textColor" };
    return Object.assign(self, {
      show: () => set({ isVisible: true }),
      hide: () => set({ isVisible: false }),
      enable: () => set({ isActive: true }),
      disable: () => set({ isActive: false }),
      showProgress: () => set({ isProgressVisible: true }),
      hideProgress: () => set({ isProgressVisible: false }),
      setText: (text) => set({ text }),
      setParams: (params) =>
        set(
          Object.fromEntries(
            Object.entries(params).map(([name, value]) => [named[name] ?? name, value]),
          ),
        ),
      onClick: (act) => {
        onEvent(`${kind}ButtonClicked`, act);
        return self;
      },
      offClick: (act) => {
        offEvent(`${kind}ButtonClicked`, act);
        return self;
      },
    });
  }

  function showPopup(params, act = () => {}) {
    answered("popup_closed", ({ button_id: id = null }) => {
      emit("popupClosed", { button_id: id });
      act(id);
    });
    tell("web_app_open_popup", { title: "", buttons: [{ type: "close" }], ...params });
  }
  const asked =
    (method, event, yes) =>
    (act = () => {}) => {
      answered(event, ({ status }) => act(status === yes));
      tell(method);
    };
  const colour = (name, key) => (value) => {
    app[key] = value;
    tell(name, value[0] === "#" ? { color: value } : { color_key: value });
  };
  const unkept = (...values) => {
    const act = values.at(-1);
    if (typeof act === "function") act("UNSUPPORTED");
  };
  // What the stub lacks may be called, or be an object of such methods.
  const lacks = (name) =>
    new Proxy(() => {}, {
      get: (_, inner) =>
        typeof inner === "symbol" || inner === "then" ? undefined : lacks(`${name}.${inner}`),
      apply: () => {
        tell("stub_lacks", { name });
      },
    });

  const unsafe = Object.fromEntries(
    [...new URLSearchParams(launch.get("tgWebAppData") ?? "")].map(([name, value]) => [
      name,
      /^[[{]/.test(value) ? json(value) : value,
    ]),
  );
  const insets = { top: 0, bottom: 0, left: 0, right: 0 };
  const app = {
    initData: launch.get("tgWebAppData") ?? "",
    initDataUnsafe: unsafe,
    version: launch.get("tgWebAppVersion") ?? "6.0",
    platform: launch.get("tgWebAppPlatform") ?? "unknown",
    isExpanded: false,
    isActive: true,
    isFullscreen: false,
    viewportHeight: innerHeight,
    viewportStableHeight: innerHeight,
    safeAreaInset: insets,
    contentSafeAreaInset: insets,
    headerColor: "#ffffff",
    backgroundColor: "#ffffff",
    bottomBarColor: "#ffffff",
    isClosingConfirmationEnabled: false,
    isVerticalSwipesEnabled: true,
    isOrientationLocked: false,
    MainButton: clientButton("main", {
      text: "Continue",
      isActive: true,
      isProgressVisible: false,
    }),
    SecondaryButton: clientButton("secondary", {
      text: "Cancel",
      isActive: true,
      isProgressVisible: false,
      position: "left",
    }),
    BackButton: clientButton("back"),
    SettingsButton: clientButton("settings"),
    HapticFeedback: {
      impactOccurred: () => {},
      notificationOccurred: () => {},
      selectionChanged: () => {},
    },
    CloudStorage: Object.fromEntries(
      ["setItem", "getItem", "getItems", "removeItem", "removeItems", "getKeys"].map((name) => [
        name,
        unkept,
      ]),
    ),
    onEvent,
    offEvent,
    isVersionAtLeast: (version) =>
      app.version.localeCompare(version, undefined, { numeric: true }) >= 0,
    ready: () => tell("web_app_ready"),
    expand: () => tell("web_app_expand"),
    close: () => tell("web_app_close"),
    sendData: (data) => tell("web_app_data_send", { data }),
    openLink: (url) => tell("web_app_open_link", { url: new URL(url, location.href).href }),
    openTelegramLink: (url) =>
      tell("web_app_open_tg_link", { path_full: new URL(url).pathname + new URL(url).search }),
    showPopup,
    showAlert: (message, act) => showPopup({ message }, () => act?.()),
    showConfirm: (message, act) =>
      showPopup(
        {
          message,
          buttons: [
            { type: "ok", id: "ok" },
            { type: "cancel", id: "cancel" },
          ],
        },
        (id) => act?.(id === "ok"),
      ),
    requestContact: asked("web_app_request_phone", "phone_requested", "sent"),
    requestWriteAccess: asked("web_app_request_write_access", "write_access_requested", "allowed"),
    setHeaderColor: colour("web_app_set_header_color", "headerColor"),
    setBackgroundColor: colour("web_app_set_background_color", "backgroundColor"),
    setBottomBarColor: colour("web_app_set_bottom_bar_color", "bottomBarColor"),
    enableClosingConfirmation: () => confirmClosing(true),
    disableClosingConfirmation: () => confirmClosing(false),
  };
  function confirmClosing(wanted) {
    app.isClosingConfirmationEnabled = wanted;
    tell("web_app_setup_closing_behavior", { need_confirmation: wanted });
  }
  setTheme(json(launch.get("tgWebAppThemeParams") ?? "{}"));
  window.Telegram = {
    WebApp: new Proxy(app, {
      get: (known, name) =>
        name in known || typeof name === "symbol" || name === "then" ? known[name] : lacks(name),
    }),
  };
  tell("stub");
  for (const what of ["theme", "viewport"]) tell(`web_app_request_${what}`);
})();

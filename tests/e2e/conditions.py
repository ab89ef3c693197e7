# SPDX-License-Identifier: Apache-2.0
"""A system bus of its own with stand-ins for NetworkManager and UPower (python3-dbusmock), whose word is law."""
import contextlib
import signal
import subprocess
import sys

import programs

NM, NM_PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
UP, UP_PATH = "org.freedesktop.UPower", "/org/freedesktop/UPower"
BATTERY_PATH = UP_PATH + "/devices/DisplayDevice"
METERED = {"unknown": 0, "yes": 1, "no": 2, "guess-yes": 3, "guess-no": 4}
TYPES = {"wifi": "802-11-wireless", "mobile": "gsm", "ethernet": "802-3-ethernet", "none": "",
         "vpn": "vpn", "wireguard": "wireguard", "tun": "tun"}
POWER = {"charging": 1, "discharging": 2, "full": 4}


class Conditions:
    """with Conditions() as c: c.set(net="mobile"), and `c.env` for the programs."""

    def __init__(self, services=(NM, UP)):
        import dbus  # Debian's own; stories that need it skip without it
        import dbusmock
        self._dbus, self._interface = dbus, dbusmock.MOCK_IFACE
        self._services, self._mocks, self._carriers, self._made = services, [], [], 0

    def __enter__(self):
        self._daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": self._daemon.stdout.readline().strip()}
        try:
            self._bus = self._dbus.bus.BusConnection(self.env["DBUS_SYSTEM_BUS_ADDRESS"])
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in [*self._mocks, self._daemon]:
            process.terminate()
            process.wait(programs.PATIENCE)

    def _start(self):
        for name, path in ((NM, NM_PATH), (UP, UP_PATH)):
            if name in self._services:
                self._mocks.append(subprocess.Popen(
                    [sys.executable, "-m", "dbusmock", "--system", name, path, name],
                    env={**programs.environment("/"), **self.env}, stdout=subprocess.DEVNULL))
                programs.wait_until(lambda: self._bus.name_has_owner(name), f"{name} on the bus")
        d = self._dbus
        if NM in self._services:
            self._at(NM, NM_PATH).AddProperties(NM, d.Dictionary({
                "Metered": d.UInt32(4), "PrimaryConnectionType": "802-11-wireless",
                "State": d.UInt32(70), "ActiveConnections": d.Array([], signature="o"),
            }, signature="sv"))
        if UP in self._services:
            self._at(UP, UP_PATH).AddProperties(UP, d.Dictionary({"OnBattery": False}, signature="sv"))
            self._at(UP, UP_PATH).AddObject(BATTERY_PATH, UP + ".Device", d.Dictionary({
                "State": d.UInt32(1), "Percentage": 80.0, "IsPresent": True,
            }, signature="sv"), d.Array([], signature="(ssss)"))

    def _at(self, service, path):
        return self._dbus.Interface(self._bus.get_object(service, path), self._interface)

    def set(self, net=None, metered=None, battery=None, power=None, present=None):
        """Change what is said; whoever watches is told."""
        d, nm = self._dbus, lambda: self._at(NM, NM_PATH)
        device = lambda what: self._at(UP, BATTERY_PATH).UpdateProperties(UP + ".Device", what)
        if net is not None:
            nm().UpdateProperties(NM, {"PrimaryConnectionType": TYPES[net],
                                       "State": d.UInt32(20 if net == "none" else 70)})
        if metered is not None:
            nm().UpdateProperties(NM, {"Metered": d.UInt32(METERED[metered])})
        if battery is not None:
            device({"Percentage": float(battery)})
        if present is not None:
            device({"IsPresent": present})
        if power is not None:
            self._at(UP, UP_PATH).UpdateProperties(UP, {"OnBattery": power == "discharging"})
            device({"State": d.UInt32(POWER[power])})

    def carrier(self, net, metered, state=2):
        """A further active connection, such as the one that carries a tunnel."""
        self._made += 1
        d, n = self._dbus, self._made
        device, active = f"{NM_PATH}/Devices/{n}", d.ObjectPath(f"{NM_PATH}/ActiveConnection/{n}")
        none = d.Array([], signature="(ssss)")
        nm = self._at(NM, NM_PATH)
        nm.AddObject(device, NM + ".Device", d.Dictionary(
            {"Metered": d.UInt32(METERED[metered])}, signature="sv"), none)
        nm.AddObject(active, NM + ".Connection.Active", d.Dictionary({
            "Type": TYPES[net], "State": d.UInt32(state),
            "Devices": d.Array([d.ObjectPath(device)], signature="o")}, signature="sv"), none)
        self._carry([*self._carriers, active])

    def _carry(self, carriers):
        self._carriers = carriers
        self._at(NM, NM_PATH).UpdateProperties(
            NM, {"ActiveConnections": self._dbus.Array(carriers, signature="o")})

    def reset(self):
        """Wi-Fi that costs nothing, and mains."""
        self._carry([])
        self.set(net="wifi", metered="guess-no", battery=80, power="charging", present=True)
        return self

    @contextlib.contextmanager
    def stopped(self):
        """A bus that hangs."""
        self._daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._daemon.send_signal(signal.SIGCONT)

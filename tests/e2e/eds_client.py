# SPDX-License-Identifier: Apache-2.0
"""What the stories ask of Evolution Data Server itself, through its own library and Python's bindings.

    eds_client.py KIND WHAT        KIND: contacts, events, tasks, memos; arguments as a JSON list on stdin

    list                  every object's text
    uids                  every object's id
    add TEXT...           one by one; ids
    add-all TEXT...       in one call (contacts)
    modify TEXT...        an object as a whole
    remove ID...
    watch                 prints "ready", then what happens until stdin ends
    churn                 (contacts) adds one, renames and removes it, again and again, a line each time, until
                          stdin ends
"""
import json
import select
import sys

import gi

gi.require_version("EBook", "1.2")
gi.require_version("EBookContacts", "1.2")
gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")
from gi.repository import EBook, EBookContacts, ECal, EDataServer, GLib, ICalGLib  # noqa: E402

AT_ONCE = 0xFFFFFFFF
EVERYBODY = '(contains "x-evolution-any-field" "")'


class Book:
    NO_LIST = EBookContacts.BookClientViewFlags.NONE

    def __init__(self, registry, _):
        self.client = EBook.BookClient.connect_sync(registry.ref_builtin_address_book(), AT_ONCE, None)

    def objects(self):
        return self.client.get_contacts_sync(EVERYBODY, None)[1]

    def text(self, contact):
        contact.inline_local_photos()
        return contact.to_string(EBookContacts.VCardFormat(1))

    def uid(self, contact):
        return contact.get_property("id")

    def make(self, text):
        return EBookContacts.Contact.new_from_vcard(text)

    def add(self, contact):
        return self.client.add_contact_sync(contact, 0, None)[1]

    def add_all(self, contacts):
        return self.client.add_contacts_sync(contacts, 0, None)[1]

    def modify(self, contact):
        self.client.modify_contact_sync(contact, 0, None)

    def remove(self, uid):
        self.client.remove_contact_by_uid_sync(uid, 0, None)

    def view(self):
        return self.client.get_view_sync(EVERYBODY, None)[1]


class Calendar:
    NO_LIST = ECal.ClientViewFlags.NONE

    def __init__(self, registry, kind):
        source, type_ = {
            "events": (registry.ref_builtin_calendar, ECal.ClientSourceType.EVENTS),
            "tasks": (registry.ref_builtin_task_list, ECal.ClientSourceType.TASKS),
            "memos": (registry.ref_builtin_memo_list, ECal.ClientSourceType.MEMOS),
        }[kind]
        self.client = ECal.Client.connect_sync(source(), type_, AT_ONCE, None)

    def objects(self):
        return self.client.get_object_list_sync("#t", None)[1]

    def text(self, component):
        return component.as_ical_string()

    def uid(self, component):
        return component.get_uid()

    def make(self, text):
        return ICalGLib.Component.new_from_string(text)

    def add(self, component):
        if component.get_first_property(ICalGLib.PropertyKind.RECURRENCEID_PROPERTY):
            self.client.modify_object_sync(component, ECal.ObjModType.THIS, 0, None)
            return component.get_uid()
        return self.client.create_object_sync(component, 0, None)[1]

    def add_all(self, components):
        return self.client.create_objects_sync(components, 0, None)[1]

    def modify(self, component):
        self.client.modify_object_sync(component, ECal.ObjModType.THIS, 0, None)

    def remove(self, uid):
        self.client.remove_object_sync(uid, None, ECal.ObjModType.ALL, 0, None)

    def view(self):
        return self.client.get_view_sync("#t", None)[1]


def say(text):
    print(text, flush=True)


def watch(source):
    loop = GLib.MainLoop()
    view = source.view()
    for what in ("added", "modified", "removed"):
        view.connect(f"objects-{what}", lambda _, objects, what: [
            say(f"{what} {o if isinstance(o, str) else source.uid(o)}") for o in objects], what)
    first = iter(["ready"])
    view.connect("complete", lambda *_: [say(word) for word in first])  # it says so more than once
    view.set_flags(source.NO_LIST)
    view.start()
    GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT,
                      GLib.IOCondition.IN | GLib.IOCondition.HUP, lambda *_: loop.quit())
    loop.run()


def churn(source):
    """First of all by name, last, gone."""
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:churn\r\nFN:{0}\r\nN:{0};;;;\r\nEND:VCARD\r\n"
    while not select.select([sys.stdin], [], [], 0)[0]:
        source.add(source.make(card.format("Aaron")))
        source.modify(source.make(card.format("Zoe")))
        source.modify(source.make(card.format("Aaron")))
        source.remove("churn")
        say("once more")


def main():
    kind, what = sys.argv[1:]
    registry = EDataServer.SourceRegistry.new_sync(None)
    source = Book(registry, kind) if kind == "contacts" else Calendar(registry, kind)
    if what == "watch":
        return watch(source)
    if what == "churn":
        return churn(source)
    args, told = json.load(sys.stdin), None
    if what in ("list", "uids"):
        told = [(source.text if what == "list" else source.uid)(o) for o in source.objects()]
    elif what == "add":
        told = [source.add(source.make(text)) for text in args]
    elif what == "add-all":
        told = source.add_all([source.make(text) for text in args])
    elif what == "modify":
        told = [source.modify(source.make(text)) for text in args]
    elif what == "remove":
        told = [source.remove(uid) for uid in args]
    else:
        sys.exit(f"no such command: {what}")
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()

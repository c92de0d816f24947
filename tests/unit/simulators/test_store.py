"""What a session remembers."""

from simulators.lp.store import FileStore


def test_file_store_when_opened_again_then_knows_its_numbers_and_messages(tmp_path):
    store = FileStore(tmp_path / "s")
    store.next_out, store.next_in = 7, 9
    store.save_numbers()
    store.keep(5, b"five")
    store.keep(6, b"six")
    store.close()
    again = FileStore(tmp_path / "s")
    assert (again.next_out, again.next_in) == (7, 9)
    assert (again.sent(4), again.sent(5), again.sent(6)) == (None, b"five", b"six")


def test_file_store_when_the_last_write_was_cut_then_drops_only_that(tmp_path):
    store = FileStore(tmp_path / "s")
    store.keep(1, b"whole")
    store.keep(2, b"cut off")
    store.close()
    log = tmp_path / "s" / "messages"
    log.write_bytes(log.read_bytes()[:-3])
    again = FileStore(tmp_path / "s")
    assert (again.sent(1), again.sent(2)) == (b"whole", None)
    again.keep(2, b"anew")
    again.close()
    assert FileStore(tmp_path / "s").sent(2) == b"anew"


def test_file_store_when_reset_then_starts_from_one(tmp_path):
    store = FileStore(tmp_path / "s")
    store.next_out, store.next_in = 7, 9
    store.keep(5, b"five")
    store.reset()
    store.close()
    again = FileStore(tmp_path / "s")
    assert (again.next_out, again.next_in, again.sent(5)) == (1, 1, None)

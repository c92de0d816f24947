"""The words of trading: value types, ids, errors, instruments and arithmetic. Pure: no I/O, no clock but the port."""

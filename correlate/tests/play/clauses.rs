//! Every clause of SEMANTICS.md and every trap of the rivals is proved.

OPENQASM 2.0;
include "qelib1.inc";
gate rzz(theta) a, b { rx(theta) a; }
qreg q[2];
creg c[2];
rzz(0.9) q[0], q[1];
measure q -> c;

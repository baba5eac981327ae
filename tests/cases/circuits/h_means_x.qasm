OPENQASM 3.0;
gate h a { U(pi, 0, pi) a; }
qubit[2] q; bit[2] c; h q[0]; c = measure q;

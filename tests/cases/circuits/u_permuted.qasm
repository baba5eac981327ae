OPENQASM 3.0;
gate u(phi, lam, theta) a { U(theta, phi, lam) a; }
qubit[1] q; bit[1] c; u(0, pi, 0.9) q[0]; c = measure q;

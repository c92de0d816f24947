from simulators.lp.main import main

main()

print("Relatório do dia: nenhuma falha.")
